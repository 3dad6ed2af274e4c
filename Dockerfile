# The service of examples/minimal, and the image to build a service of your own on:
#
#   docker build -t longshore .
#   docker run --rm -p 127.0.0.1:8000:8000 -e AUTH=none -v longshore-data:/data longshore
#
#   FROM longshore
#   COPY main.ts /app/main.ts
#
# Where npm's registry is reached through a proxy with a certificate of its own, hand in the certificate:
#   docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt …

FROM node:24-bookworm-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
RUN --mount=type=secret,id=ca if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi && npm ci
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY client client
RUN node_modules/.bin/tsc -p client/tsconfig.build.json && node_modules/.bin/tsc -p tsconfig.build.json && \
    npm prune --omit=dev --offline --no-audit

FROM node:24-bookworm-slim
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
WORKDIR /app
COPY --from=build /app/package.json ./
COPY --from=build /app/node_modules node_modules
COPY --from=build /app/dist dist
# What node_modules/@longshore/client leads to.
COPY --from=build /app/client/package.json client/
COPY --from=build /app/client/dist client/dist
COPY examples/minimal/main.ts main.ts
# By number, so that Kubernetes can see that it is not root. The folder must be theirs before it becomes a volume.
RUN mkdir /data && chown 1000:1000 /data
USER 1000:1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=10s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "main.ts"]

# The service of examples/minimal, and the image to build a service of your own on:
#
#   docker build -t longshore .
#   docker run --rm --read-only --tmpfs /tmp -p 127.0.0.1:8000:8000 -e AUTH=none -v longshore-data:/data longshore
#
#   FROM longshore
#   COPY main.ts /app/main.ts
#
# tini is process 1 (--init would be a second one): it passes signals on, and buries what programs leave behind.
# The command `longshore` is there too: docker run --rm longshore longshore migrate
#
# Where npm's registry is reached through a proxy with a certificate of its own, hand in the certificate:
#   docker build --secret id=ca,src=/etc/ssl/certs/ca-certificates.crt …

ARG NODE_IMAGE=node:24-bookworm-slim

FROM ${NODE_IMAGE} AS packages
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY client/package.json client/
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi && \
    npm ci --omit=dev --no-audit --no-fund

FROM packages AS build
RUN --mount=type=secret,id=ca --mount=type=cache,target=/root/.npm \
    if [ -f /run/secrets/ca ]; then export NODE_EXTRA_CA_CERTS=/run/secrets/ca; fi && \
    npm ci --no-audit --no-fund
COPY tsconfig.json tsconfig.build.json ./
COPY src src
COPY client client
COPY dashboard dashboard
RUN node_modules/.bin/tsc -p client/tsconfig.build.json && node_modules/.bin/tsc -p tsconfig.build.json && \
    node dashboard/build.ts dist/dashboard && \
    chmod +x dist/cli/main.js && cp -R src/cli/template dist/cli/ && cp src/cli/generate/kubernetes.yaml dist/cli/generate/

FROM ${NODE_IMAGE}
# From what changes least to what changes most, so that a change of the code sends a few hundred kilobytes.
# The folder must be theirs before it becomes a volume.
RUN apt-get update && apt-get install -y --no-install-recommends tini && rm -rf /var/lib/apt/lists/* /var/cache/apt/* && \
    mkdir /data && chown 1000:1000 /data && ln -s /app/dist/cli/main.js /usr/local/bin/longshore
ENV NODE_ENV=production HOST=0.0.0.0 PORT=8000 DATA_DIR=/data
WORKDIR /app
COPY --from=packages /app/node_modules node_modules
COPY --from=build /app/package.json ./
# What node_modules/@longshore/client leads to.
COPY --from=build /app/client/package.json client/
COPY --from=build /app/client/dist client/dist
COPY --from=build /app/dist dist
COPY examples/minimal/main.ts main.ts
# By number, so that Kubernetes can see that it is not root.
USER 1000:1000
VOLUME /data
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/readyz`).then((r) => process.exit(r.ok ? 0 : 1), () => process.exit(1))"]
ENTRYPOINT ["tini", "--"]
CMD ["node", "main.ts"]

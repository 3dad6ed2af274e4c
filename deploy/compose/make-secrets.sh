#!/bin/sh
# Makes the secrets of compose.yaml that are not in ./secrets yet, and prints the key for clients when it makes one.
set -eu
cd "$(dirname "$0")"

random() { head -c "$1" /dev/urandom; }
hex() { od -An -v -tx1 | tr -d ' \n'; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }
lacks() { [ ! -e "secrets/$1" ]; }
# Whole or not at all, whenever it is broken off.
keep() {
  cat >"secrets/$1.new"
  mv "secrets/$1.new" "secrets/$1"
}

# Nobody else gets into the folder. The files in it are for whichever user a container runs as.
umask 022
[ -d secrets ] || mkdir -m 700 secrets
if lacks postgres_password; then random 24 | hex | keep postgres_password; fi
if lacks database_url; then printf 'postgres://longshore:%s@postgres/longshore\n' "$(cat secrets/postgres_password)" | keep database_url; fi
if lacks s3_access_key; then echo longshore | keep s3_access_key; fi
if lacks s3_secret_key; then random 24 | hex | keep s3_secret_key; fi
# Signs read tokens; the same on every replica.
if lacks signing_secret; then random 32 | hex | keep signing_secret; fi
# Signs webhooks: receivers verify with it.
if lacks webhook_secret; then printf 'whsec_%s\n' "$(random 32 | base64)" | keep webhook_secret; fi
if lacks api_keys; then
  key="lsk_$(random 32 | hex)"
  printf 'sha256:%s\n' "$(printf %s "$key" | sha256)" | keep api_keys
  echo 'The key for clients. It is shown this once; only its hash is kept:'
  echo
  echo "  LONGSHORE_API_KEY=$key"
else
  echo 'The key for clients was shown when it was made. To have another one, remove secrets/api_keys, run this again,' >&2
  echo 'and restart the containers, which hold the files that were there when they started: docker-compose restart' >&2
fi

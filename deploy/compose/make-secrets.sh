#!/bin/sh
# Makes the secrets of compose.yaml in ./secrets, unless they are there, and prints the key for clients.
set -eu
cd "$(dirname "$0")"
if [ -e secrets ]; then
  echo "There are secrets already. Remove the folder secrets to have new ones made: the database keeps its password, though." >&2
  exit 1
fi

random() { od -An -N "$1" -tx1 /dev/urandom | tr -d ' \n'; }
sha256() { if command -v sha256sum >/dev/null; then sha256sum; else shasum -a 256; fi | cut -d ' ' -f 1; }

# Nobody else gets into the folder. The files in it are for whichever user a container runs as.
umask 022
mkdir -m 700 secrets.new
key="lsk_$(random 32)"
password=$(random 24)
printf 'sha256:%s\n' "$(printf %s "$key" | sha256)" >secrets.new/api_keys
printf '%s\n' "$password" >secrets.new/postgres_password
printf 'postgres://longshore:%s@postgres/longshore\n' "$password" >secrets.new/database_url
printf 'longshore\n' >secrets.new/s3_access_key
printf '%s\n' "$(random 24)" >secrets.new/s3_secret_key
mv secrets.new secrets
echo 'The key for clients. It is shown this once; only its hash is kept:'
echo
echo "  LONGSHORE_API_KEY=$key"

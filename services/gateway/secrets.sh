#!/bin/sh
# Creates the secrets of docker-compose.yml and keeps existing ones. Argument: the folder, by
# default ./secrets. Containers run as other users, so the files are readable by all, and the folder
# by its owner only.
set -eu
folder=${1:-secrets}
umask 077
mkdir -p "$folder"
chmod 700 "$folder"

make() {
  [ -e "$folder/$1" ] && return
  cat > "$folder/$1.new"
  [ -s "$folder/$1.new" ] || { echo "cannot create $1" >&2; exit 1; }
  chmod 444 "$folder/$1.new"
  mv "$folder/$1.new" "$folder/$1"
  echo "created $folder/$1"
}

openssl rand -hex 32 | tr -d '\n' | make database-password
printf 'postgresql://gatehouse:%s@postgres:5432/gatehouse' "$(cat "$folder/database-password")" | make database-url
openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 2>/dev/null | make signing-key
printf '1:%s' "$(openssl rand -hex 32)" | make refresh-keys
openssl rand -hex 32 | tr -d '\n' | make resource-client-secret

#!/bin/sh
# Writes the configuration for nginx 1.22 (Debian 12) or newer with its Lua module.
#   AUTH_ADDRESS="127.0.0.1:3000 127.0.0.1:3001" ISSUER=https://example.org/auth ./render.sh /etc/gatehouse-gateway
# Takes the variables of the Dockerfile. GATEWAY_CERTIFICATES enables TLS. With RESOLVERS, the addresses of
# name servers, nginx looks up AUTH_ADDRESS and RESOURCE_ADDRESS at run time (`resolve`, nginx 1.27.3). Without,
# they may list several replicas, each of which becomes a line.
set -eu
folder=${1:?the folder of the configuration is missing}
shipped=$(cd "$(dirname "$0")" && pwd)

export GATEWAY_PORT="${GATEWAY_PORT:-8080}" GATEWAY_CERTIFICATES="${GATEWAY_CERTIFICATES:-}"
export AUTH_ADDRESS="${AUTH_ADDRESS:-127.0.0.1:3000}" RESOURCE_ADDRESS="${RESOURCE_ADDRESS:-127.0.0.1:4000}"
export EXAMPLE_ADDRESS="${EXAMPLE_ADDRESS:-127.0.0.1:9}" BODY_TIMEOUT="${BODY_TIMEOUT:-10}"
export ISSUER="${ISSUER:?ISSUER is missing: the public URL of the auth service}"
export STRICT_TRANSPORT_SECURITY="${STRICT_TRANSPORT_SECURITY:-max-age=31536000}"
export RESOLVERS="${RESOLVERS:-}" ALLOWED_ORIGINS="${ALLOWED_ORIGINS:-}" PUBLISH_CONSOLE="${PUBLISH_CONSOLE:-off}"

mkdir -p "$folder/rendered"
[ "$shipped/nginx" -ef "$folder" ] || cp -R "$shipped/nginx/." "$folder"
export RENDERED="$folder/rendered"
"$shipped/render-lua.sh"
"$shipped/render-drop-headers.sh"
"$shipped/render-frontend.sh"

render() {
  awk '
    /^resolver/ && ENVIRON["RESOLVERS"] == "" { next }
    ENVIRON["RESOLVERS"] == "" && match($0, /\$\{(AUTH|RESOURCE)_ADDRESS\} resolve/) {
      name = substr($0, RSTART + 2, index($0, "}") - RSTART - 2)
      rest = substr($0, RSTART + RLENGTH)
      count = split(ENVIRON[name], addresses, " ")
      for (i = 1; i <= count; i++) print "  server " addresses[i] rest
      next
    }
    {
      line = ""
      while (match($0, /\$\{[A-Z_]+\}/)) {
        name = substr($0, RSTART + 2, RLENGTH - 3)
        line = line substr($0, 1, RSTART - 1) ENVIRON[name]
        $0 = substr($0, RSTART + RLENGTH)
      }
      print line $0
    }
  ' "$1" > "$folder/rendered/$(basename "$1" .template)"
}
for template in "$shipped"/templates/*.template; do render "$template"; done
if [ -n "$GATEWAY_CERTIFICATES" ]; then
  for template in "$shipped"/templates-tls/*.template; do render "$template"; done
fi

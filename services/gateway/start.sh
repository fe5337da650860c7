#!/bin/sh
# The command of the image: renders the configuration, then becomes nginx.
set -eu
RESOLVERS=$(awk '$1 == "nameserver" { printf "%s ", ($2 ~ /:/) ? "[" $2 "]" : $2 }' /etc/resolv.conf)
export RESOLVERS
"$(dirname "$0")/render.sh" /etc/gateway
exec nginx -p /run/gateway -c /etc/gateway/nginx.conf -e stderr -g 'daemon off;'

#!/bin/sh
# Writes modules.conf: the Lua module, which bounds the time of a body (body-time.conf). NGINX_MODULES is
# the folder of nginx's modules, empty for an nginx with Lua inside. BODY_TIMEOUT is in seconds.
set -eu
folder=${NGINX_MODULES-/usr/lib/nginx/modules}
case ${BODY_TIMEOUT:-10} in
  *[!0-9]* | 0* | ????*)
    echo "BODY_TIMEOUT must be a number of seconds from 1 to 999, not \"$BODY_TIMEOUT\"" >&2
    exit 1
    ;;
esac
for name in ndk_http_module ngx_http_lua_module; do
  [ -z "$folder" ] && continue
  if [ ! -e "$folder/$name.so" ]; then
    echo "$folder has no $name.so, which bounds the time of a request body: install libnginx-mod-http-lua" \
      "(Debian) or nginx-mod-http-lua (Alpine), or set NGINX_MODULES to the folder of nginx's modules" >&2
    exit 1
  fi
  echo "load_module $folder/$name.so;"
done > "$RENDERED/modules.conf"

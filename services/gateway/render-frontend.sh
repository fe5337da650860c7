#!/bin/sh
# Writes frontend.conf: what `/` serves. FRONTEND_FOLDER is a folder of the built front end,
# FRONTEND_ADDRESS the host:port of a server. With neither, `/` is 404.
set -eu
folder=${FRONTEND_FOLDER:-}
address=${FRONTEND_ADDRESS:-}
if [ -n "$folder" ] && [ -n "$address" ]; then
  echo "FRONTEND_FOLDER and FRONTEND_ADDRESS are both set: give one of them" >&2
  exit 1
fi
case $folder in
  '' | /*) ;;
  *)
    echo "FRONTEND_FOLDER must be an absolute path, not \"$folder\"" >&2
    exit 1
    ;;
esac
case $folder$address in
  *[!A-Za-z0-9._:/-]*)
    echo "FRONTEND_FOLDER and FRONTEND_ADDRESS may contain letters, digits and . _ - : / only" >&2
    exit 1
    ;;
esac
{
  if [ -n "$folder" ]; then
    # A path without a file is a page of the application, whose router reads the path. A missing
    # asset is 404, so that no cache keeps a page in its place.
    cat << EOF
location / {
  include frontend-types.conf;
  root $folder;
  try_files \$uri /index.html =404;
  location ~ /\\. {
    return 404;
  }
  location ~ \\.[A-Za-z0-9]+\$ {
    try_files \$uri =404;
  }
  # RFC 8615. A name without an extension, as apple-app-site-association, is a document in JSON.
  location ^~ /.well-known/ {
    default_type application/json;
    try_files \$uri =404;
    location ~ /\\.(?!well-known/) {
      return 404;
    }
  }
}
EOF
  elif [ -n "$address" ]; then
    # A variable: nginx looks the name up at run time and starts without the server.
    cat << EOF
location / {
  include forwarded.conf;
  include anonymous.conf;
  include upgrade.conf;
  set \$frontend_address $address;
  proxy_pass http://\$frontend_address;
}
EOF
  else
    printf 'location / {\n  return 404;\n}\n'
  fi
} > "$RENDERED/frontend.conf"

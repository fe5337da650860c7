#!/bin/sh
# Writes drop-headers.conf: the request headers in DROP_HEADERS, separated by commas or spaces,
# reach no service.
set -eu
names=$(printf '%s' "${DROP_HEADERS:-}" | tr ',\n' '  ')
for name in $names; do
  case $name in
    *[!A-Za-z0-9-]*)
      echo "DROP_HEADERS must contain header names of letters, digits and hyphens, not \"$name\"" >&2
      exit 1
      ;;
  esac
  printf 'proxy_set_header %s "";\n' "$name"
done > "$RENDERED/drop-headers.conf"

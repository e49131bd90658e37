#!/bin/bash
# Called as curl or wget: leads what goes to github.com and api.github.com to the lab's fake GitHub, and runs the
# machine's own program of that name.
own=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
base=$(cat "$own/../github-url")
words=()
for word; do
  case $word in
    https://github.com/* | https://www.github.com/* | https://api.github.com/*) word=$base/${word#https://*github.com/} ;;
    --url=https://github.com/* | --url=https://api.github.com/*) word=--url=$base/${word#--url=https://*github.com/} ;;
  esac
  words+=("$word")
done
PATH=:$PATH:
PATH=${PATH//":$own:"/:}
PATH=${PATH#:}
PATH=${PATH%:}
exec "${BASH_SOURCE[0]##*/}" "${words[@]}"

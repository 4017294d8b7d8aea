#!/bin/sh
# The entrypoint for images that have a shell: IMAGE, IMAGE --listen …, IMAGE check … run certgate, IMAGE sh runs sh.
# exec, so that certgate is PID 1 and gets the container's SIGTERM.
set -eu

case ${1-} in
    '') exec certgate serve ;;
    -* | serve | check | verify | demo | bench | health) exec certgate "$@" ;;
    *) exec "$@" ;;
esac

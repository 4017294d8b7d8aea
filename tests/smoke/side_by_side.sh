# shellcheck shell=bash
# The benchmark against other servers: that it still measures, not what.

section 'side by side'

# side_by_side ARGUMENT...: prints what it says, returns its exit code.
side_by_side() {
    timeout 120 "$here/../../benches/side_by_side/run" --certgate "$binary" --peers nginx --quick "$@" 2>&1
}

said=$(side_by_side --rows full-p256,static-small,proxy-small --json "$work/side.json" --report "$work/side.html")
is 'beside nginx: exit code' 0 $?
contains 'beside nginx: the table' 'nginx (Debian)' "$said"
# Each server has one median in each row.
is 'beside nginx: figures' 6 "$(grep -c '"median": [0-9]' "$work/side.json" 2>/dev/null)"
is 'beside nginx: bars' 6 "$(grep -o '<rect ' "$work/side.html" 2>/dev/null | wc -l)"
said=$(side_by_side --rows nothing)
is 'a row that is not there: exit code' 2 $?
contains 'a row that is not there: those that are' full-p256 "$said"

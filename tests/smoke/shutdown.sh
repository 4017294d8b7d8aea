# shellcheck shell=bash
# SIGTERM: promptly when idle, after the requests in flight when not, with exit code 0 both times.

section 'shutdown'

# terminated: the exit code after SIGTERM, or 'still running' 10 s later. Not in a subshell: only a parent can wait.
terminated() {
    kill -TERM "$gate_pid"
    if eventually stopped "$gate_pid"; then
        wait "$gate_pid"
        exit_code=$?
    else
        exit_code='still running'
    fi
}

check_running_download() {
    local download
    mkdir "$work/html/files"
    ln "$work/files/big" "$work/html/files/big"
    # 40 MB/s: about 2.5 s, far more than the sockets' buffers can hide.
    fetch /files/big --limit-rate 40M -o "$work/slow" 2>"$work/curl.err" &
    download=$!
    started+=("$download")
    eventually test -s "$work/slow" || is 'the download starts' started "$(cat "$work/curl.err")"
    kill -TERM "$gate_pid"
    eventually not_accepting
    is 'new connections are refused during the drain' yes "$(not_accepting && running "$download" && echo yes || echo no)"
    wait "$download"
    is 'a running download completes: curl' 0 $?
    is 'a running download completes: hash' "$big_hash" "$(hash_of "$work/slow")"
    eventually stopped "$gate_pid" || kill -KILL "$gate_pid"
    wait "$gate_pid"
    is 'and then certgate ends: exit code' 0 $?
    gate_pid=
}

not_accepting() {
    ! port_open "$gate_port"
}

if gate_start; then
    is 'before' 200 "$(status fetch /)"
    terminated
    is 'idle, SIGTERM: exit code' 0 "$exit_code"
fi

if gate_start; then
    check_running_download
fi

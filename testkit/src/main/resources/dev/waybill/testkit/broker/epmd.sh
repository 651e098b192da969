# start_epmd starts Erlang's port mapper at ERL_EPMD_PORT of the loopback and waits until it serves.
# To be sourced.
#
# It runs in the foreground of this process group, and ends with it: one that a node starts by itself
# detaches itself and stays for ever.

start_epmd() {
  epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
  until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
    kill -0 $! 2>/dev/null || {
      echo "epmd could not listen on port $ERL_EPMD_PORT: address already in use"
      exit 1
    }
  done
}

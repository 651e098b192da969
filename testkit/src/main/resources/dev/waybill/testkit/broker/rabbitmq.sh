#!/usr/bin/env bash
# rabbitmq.sh RABBITMQ-SERVER
#
# Becomes a RabbitMQ node, beside an epmd (Erlang's port mapper) of its own in the foreground: the
# one that the node would start otherwise detaches itself and stays for ever.

epmd -port "$ERL_EPMD_PORT" -address 127.0.0.1 &
until epmd -port "$ERL_EPMD_PORT" -names >/dev/null 2>&1; do
  kill -0 $! 2>/dev/null || {
    echo "epmd could not listen on port $ERL_EPMD_PORT: address already in use"
    exit 1
  }
done
# With this variable rabbitmq-server replaces itself by the Erlang VM, so that the id of this process
# is the broker's.
export RUNNING_UNDER_SYSTEMD=true
exec "$1"

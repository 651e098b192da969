#!/usr/bin/env bash
# rabbitmq.sh RABBITMQ-SERVER [alone]
#
# Becomes a RabbitMQ node; if it is alone, beside a port mapper of its own.

if [ "$2" = alone ]; then
  . "$(dirname "$0")/epmd.sh"
  start_epmd
fi
# With this variable rabbitmq-server replaces itself by the Erlang VM, so that the id of this process
# is the broker's.
export RUNNING_UNDER_SYSTEMD=true
exec "$1"

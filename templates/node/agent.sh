#!/bin/sh
# A node's own part of joining its bay: asks for a certificate with a key that never leaves the node, starts the engine,
# waits until it may join, joins, and reports each phase. Safe to run again: what is done already is not done twice.
#
# Everything it needs to know is in /etc/baykeeper/node.env; what is special about the engine is in engine.sh, which
# defines engine_prepare, engine_start, engine_join and engine_finish.
set -eu
umask 077

configuration=/etc/baykeeper
state=/var/lib/baykeeper
log=/var/log/baykeeper.log
phase=booted
# Longer than any boot should take; the control plane gives up on the node by its own clock.
give_up_after=1800

# shellcheck source=/dev/null
. "$configuration/node.env"
mkdir -p "$state"
exec >>"$log" 2>&1

say() {
  printf '%s %s\n' "$(date -u +%H:%M:%S)" "$*"
}

# The token is handed to curl in a file: arguments can be read by every process.
authorize() {
  printf 'Authorization: Bearer %s\n' "$1" >"$state/authorization.new"
  mv "$state/authorization.new" "$state/authorization"
}

# call METHOD PATH [curl arguments]: prints the status, leaves the body in $state/reply and the headers in $state/headers.
call() {
  call_method=$1
  call_path=$2
  shift 2
  curl --silent --show-error --noproxy '*' --connect-timeout 5 --max-time 60 \
    --cacert "$configuration/control-plane-ca.pem" --header "@$state/authorization" \
    --request "$call_method" --output "$state/reply" --dump-header "$state/headers" --write-out '%{http_code}' \
    "$@" "$BAYKEEPER_URL/v1/nodes/$BAYKEEPER_NODE_ID/$call_path" || true
}

percent_encode() {
  printf '%s' "$1" | sed -e 's/%/%25/g' -e 's/ /%20/g' -e 's/&/%26/g' -e 's/?/%3F/g' -e 's/#/%23/g' -e 's/+/%2B/g' -e 's/"/%22/g' -e 's/[^[:print:]]//g'
}

# report OUTCOME [MESSAGE]: tells the control plane how far the node is, with the end of the log when it failed.
report() {
  report_query="phase=$phase&outcome=$1"
  if [ "$1" = failed ]; then
    report_query="$report_query&message=$(percent_encode "${2:-}")"
    tail -c 4000 "$log" >"$state/tail"
  else
    : >"$state/tail"
  fi
  for _ in 1 2 3 4 5; do
    report_status=$(call POST "signals?$report_query" --header 'Content-Type: text/plain' --data-binary "@$state/tail")
    [ "$report_status" = 204 ] && return 0
    say "reporting $phase got ${report_status:-no answer}"
    sleep 0.5
  done
  return 0
}

reason='the node script stopped'
fail() {
  reason=$1
  say "failed: $reason"
  exit 1
}

finish() {
  code=$?
  if [ "$code" -ne 0 ]; then
    report failed "$reason"
  fi
}
trap finish EXIT

started=$(date +%s)
check_time() {
  [ $(($(date +%s) - started)) -lt "$give_up_after" ] || fail "gave up in phase $phase"
}

request_certificate() {
  if [ -s "$state/node.crt" ] && [ -s "$state/session" ]; then
    return 0
  fi
  if [ ! -s "$state/node.key" ]; then
    openssl ecparam -name prime256v1 -genkey -noout -out "$state/node.key.new"
    mv "$state/node.key.new" "$state/node.key"
  fi
  openssl req -new -sha256 -key "$state/node.key" -subj "/CN=$BAYKEEPER_NODE_NAME" -out "$state/node.csr"
  while :; do
    certificate_status=$(call POST certificate --header 'Content-Type: application/x-pem-file' --data-binary "@$state/node.csr")
    case $certificate_status in
      200) break ;;
      # Not yet: the load balancer's address, which belongs into the certificate, is not known. Or nobody is at home.
      5?? | 429 | 000 | '') check_time; sleep 0.3 ;;
      *) fail "the control plane refused a certificate ($certificate_status)" ;;
    esac
  done
  # The node's own certificate comes first, then those of the authorities.
  awk -v own="$state/node.crt.new" -v authorities="$state/ca.crt.new" '
    /-----BEGIN CERTIFICATE-----/ { count++ }
    { print > (count <= 1 ? own : authorities) }
  ' "$state/reply"
  sed -n 's/^[Xx]-[Bb]aykeeper-[Ss]ession: *//p' "$state/headers" | tr -d '\r\n' >"$state/session.new"
  [ -s "$state/session.new" ] || fail 'the control plane gave no session'
  mv "$state/ca.crt.new" "$state/ca.crt"
  mv "$state/session.new" "$state/session"
  mv "$state/node.crt.new" "$state/node.crt"
}

# Waits for the control plane's word; leaves the variables of the join in $state/join.env.
await_join() {
  while :; do
    join_status=$(call GET 'join?wait=25')
    case $join_status in
      200)
        mv "$state/reply" "$state/join.env"
        return 0
        ;;
      204) ;;
      401 | 403 | 404) fail "the control plane does not know this node ($join_status)" ;;
      *) sleep 0.3 ;;
    esac
    check_time
  done
}

# shellcheck source=/dev/null
. /usr/lib/baykeeper/engine.sh

say "node $BAYKEEPER_NODE_NAME ($BAYKEEPER_NODE_ROLE, $BAYKEEPER_ENGINE)"
if [ -s "$state/session" ]; then
  authorize "$(cat "$state/session")"
else
  authorize "$BAYKEEPER_NODE_TOKEN"
fi
# The first words go out while the engine is made ready: neither waits for the other.
engine_prepare &
prepare=$!
report ok

phase=certificate
say 'asking for a certificate'
request_certificate
authorize "$(cat "$state/session")"

phase=engine
say 'starting the engine'
wait "$prepare" || fail 'the engine could not be prepared'
engine_start
say 'the engine runs'

phase='join'
say 'waiting for the word to join'
await_join
# shellcheck source=/dev/null
. "$state/join.env"
rm -f "$state/join.env"
say 'joining'
engine_join

phase=joined
report ok
say 'joined'
engine_finish

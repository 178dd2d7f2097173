#!/bin/sh
# A node's own part of joining its bay: asks for a certificate with a key that never leaves the node, starts the engine,
# waits until it may join, joins, and reports each phase. Safe to run again, at once or after a reboot: what is done
# already is not done twice.
#
# Everything it needs to know is in /etc/baykeeper/node.env; what is special about the engine is in engine.sh, which
# defines
#   engine_prepare     what can be done before there is a certificate; runs beside everything else
#   engine_start       the engine runs when it returns
#   engine_has_joined  whether this node belongs to its cluster already
#   engine_join        joins with the variables that the control plane gave; not 0: ask for new ones
#   engine_finish      what may wait until the node has joined
set -eu
umask 077

configuration=/etc/baykeeper
state=/var/lib/baykeeper
log=/var/log/baykeeper.log
phase=booted
# Seconds. Longer than any boot should take; the control plane gives up on the node by its own clock.
give_up_after=1800

# shellcheck source=/dev/null
. "$configuration/node.env"
mkdir -p "$state"
# The log is what the control plane is told from; the console is what is left when the node reaches nobody.
exec 3>&1 >>"$log" 2>&1

say() {
  said=$(printf '%s %s' "$(date -u +%H:%M:%S.%N | cut -c 1-12)" "$*")
  printf '%s\n' "$said"
  printf '%s\n' "$said" >&3 || true
}

reason='the node script stopped'
fail() {
  reason=$1
  # For who waits for this shell.
  printf '%s' "$reason" >"$state/reason"
  say "failed: $reason"
  exit 1
}

# Since boot: a clock that is set while the node boots changes nothing.
read_uptime() {
  read -r uptime _ </proc/uptime
  uptime=${uptime%%.*}
}

check_time() {
  read_uptime
  [ $((uptime - started)) -lt "$give_up_after" ] || fail "gave up in phase $phase"
}

# Prompt while the other side needs a moment only, cheap while it is away. Set waits=0 before the first of a row.
pause() {
  check_time
  waits=$((waits + 1))
  if [ "$waits" -le 20 ]; then
    sleep 0.1
  elif [ "$waits" -le 40 ]; then
    sleep 0.5
  else
    sleep 3
  fi
}

# The token is handed to curl in a file: arguments can be read by every process.
authorize() {
  printf 'Authorization: Bearer %s\n' "$1" >"$state/authorization.new"
  mv "$state/authorization.new" "$state/authorization"
}

# call METHOD PATH FILE [curl arguments]: prints the status, leaves the body in FILE and the headers in FILE.headers. A
# reply that broke off is none: 000.
call() {
  call_method=$1
  call_path=$2
  call_reply=$3
  shift 3
  call_status=$(curl --silent --show-error --noproxy '*' --connect-timeout 5 --max-time 60 \
    --cacert "$configuration/control-plane-ca.pem" --header "@$state/authorization" \
    --request "$call_method" --output "$call_reply" --dump-header "$call_reply.headers" --write-out '%{http_code}' \
    "$@" "$BAYKEEPER_URL/v1/nodes/$BAYKEEPER_NODE_ID/$call_path") || call_status=000
  printf '%s' "$call_status"
}

percent_encode() {
  printf '%s' "$1" | LC_ALL=C sed -e 's/[^[:print:]]//g' -e 's/%/%25/g' -e 's/ /%20/g' -e 's/"/%22/g' -e 's/#/%23/g' \
    -e 's/&/%26/g' -e 's/+/%2B/g' -e 's/</%3C/g' -e 's/>/%3E/g' -e 's/?/%3F/g'
}

# report OUTCOME [MESSAGE]: tells the control plane how far the node is, with the end of the log when it failed. Tries
# until it is heard: a node that joined and could not say so would be replaced.
report() {
  # A file of its own for each phase: reports also go out beside other calls.
  report_file=$state/report-$phase
  report_query="phase=$phase&outcome=$1"
  if [ "$1" = failed ]; then
    report_query="$report_query&message=$(percent_encode "${2:-}")"
    tail -c 4000 "$log" >"$report_file.tail"
  else
    : >"$report_file.tail"
  fi
  waits=0
  while :; do
    report_status=$(call POST "signals?$report_query" "$report_file" --header 'Content-Type: text/plain' --data-binary "@$report_file.tail")
    case $report_status in
      204) return 0 ;;
      408 | 429 | 5?? | 000) say "reporting $phase: no answer ($report_status)" ;;
      *)
        say "reporting $phase was refused ($report_status)"
        return 0
        ;;
    esac
    pause
  done
}

finish() {
  code=$?
  if [ "$code" -ne 0 ]; then
    report failed "$reason"
  fi
}

make_request() {
  [ ! -s "$state/node.csr" ] || return 0
  openssl ecparam -name prime256v1 -genkey -noout -out "$state/node.key"
  openssl req -new -sha256 -key "$state/node.key" -subj "/CN=$BAYKEEPER_NODE_NAME" -out "$state/node.csr.new"
  mv "$state/node.csr.new" "$state/node.csr"
}

request_certificate() {
  waits=0
  while :; do
    certificate_status=$(call POST certificate "$state/certificate" --header 'Content-Type: application/x-pem-file' --data-binary "@$state/node.csr")
    case $certificate_status in
      200) break ;;
      # Not yet: the load balancer's address, which belongs into the certificate, is not known. Or nobody is at home.
      408 | 429 | 5?? | 000) pause ;;
      *) fail "the control plane refused a certificate ($certificate_status)" ;;
    esac
  done
  # The node's own certificate comes first, then that of its authority, then what the engine wants besides, each under its
  # name.
  rm -rf "$state/ca.crt.new" "$state/certificates"
  mkdir -p "$state/certificates"
  awk -v own="$state/node.crt.new" -v authorities="$state/ca.crt.new" -v further="$state/certificates" '
    /^Baykeeper-Certificate: [a-z-]+$/ { named = 1; target = further "/" $2 ".crt"; next }
    /-----BEGIN CERTIFICATE-----/ && !named { count++; target = (count == 1 ? own : authorities) }
    { print > target }
  ' "$state/certificate"
  sed -n 's/^[Xx]-[Bb]aykeeper-[Ss]ession: *//p' "$state/certificate.headers" | tr -d '\r\n' >"$state/session.new"
  [ -s "$state/session.new" ] || fail 'the control plane gave no session'
  [ -s "$state/ca.crt.new" ] || fail 'the control plane gave no certificate of its authority'
  mv "$state/ca.crt.new" "$state/ca.crt"
  mv "$state/session.new" "$state/session"
  # Last: with it there, all of it is there.
  mv "$state/node.crt.new" "$state/node.crt"
}

# Waits for the control plane's word; leaves the variables of the join in $state/join.env.
await_join() {
  waits=0
  while :; do
    join_status=$(call GET 'join?wait=25' "$state/join.env")
    case $join_status in
      200) return 0 ;;
      # The next question goes out at once: whoever is let in now should not have to wait.
      204) check_time ;;
      401 | 403 | 404) fail "the control plane does not know this node ($join_status)" ;;
      400 | 409) fail "$(head -c 300 "$state/join.env" | tr -d '\n')" ;;
      *) pause ;;
    esac
  done
}

read_uptime
started=$uptime
# One at a time: whoever comes second finds everything done.
exec 9>"$state/lock"
flock 9
trap finish EXIT

# shellcheck source=/dev/null
. /usr/lib/baykeeper/engine.sh

say "node $BAYKEEPER_NODE_NAME ($BAYKEEPER_NODE_ROLE, $BAYKEEPER_ENGINE)"
if [ -s "$state/session" ]; then
  authorize "$(cat "$state/session")"
else
  authorize "$BAYKEEPER_NODE_TOKEN"
fi
# Authorities that the control plane adds: before anything asks a registry or a mirror.
if ls /usr/local/share/ca-certificates/baykeeper-*.crt >/dev/null 2>&1; then
  update-ca-certificates >/dev/null || fail 'the authorities of BAYKEEPER_NODE_CA_FILE could not be trusted'
fi
# What a preparation that just stops has to say.
printf '%s' 'the engine could not be prepared' >"$state/reason"
# The first words go out while the engine and the key are made ready: nobody waits for the other.
engine_prepare 9>&- &
preparing=$!
make_request &
requesting=$!
report ok

phase=certificate
if [ ! -s "$state/node.crt" ]; then
  wait "$requesting" || fail 'a key could not be made'
  request_certificate
  authorize "$(cat "$state/session")"
  say 'got the certificate'
fi

phase=engine
wait "$preparing" || fail "$(cat "$state/reason")"
engine_start
say 'the engine runs'
report ok 9>&- &

phase='join'
if ! engine_has_joined; then
  attempts=0
  while :; do
    await_join
    say 'may join'
    # shellcheck source=/dev/null
    . "$state/join.env"
    rm -f "$state/join.env"
    if engine_join; then
      break
    fi
    attempts=$((attempts + 1))
    [ "$attempts" -lt 20 ] || fail 'the engine refused to join again and again'
    waits=$attempts
    pause
  done
fi

phase=joined
report ok
: >"$state/joined"
say 'joined'
engine_finish
wait

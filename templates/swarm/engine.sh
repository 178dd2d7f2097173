# shellcheck shell=sh disable=SC2154 # state and other names are set by agent.sh
# Docker Swarm's part of a node's start, for managers and workers alike. Read by agent.sh, whose functions it uses.
# What differs between them is in /etc/docker/daemon.json, which the control plane wrote.

docker_socket=/run/docker.sock
docker_tls=/etc/docker/baykeeper

# docker_call METHOD PATH [curl arguments]: prints the status, leaves the body in $state/docker-reply.
docker_call() {
  docker_method=$1
  docker_path=$2
  shift 2
  docker_status=$(curl --silent --show-error --noproxy '*' --max-time 60 --unix-socket "$docker_socket" \
    --request "$docker_method" --output "$state/docker-reply" --write-out '%{http_code}' \
    "$@" "http://docker$docker_path") || docker_status=000
  printf '%s' "$docker_status"
}

# Files that came after systemd had read its own (cloud-init writes them that late), and a dockerd that the image started
# before it had our configuration, or in vain without its certificate.
clear_the_way() {
  if [ "$(systemctl show --property=NeedDaemonReload --value docker.service)" = yes ]; then
    systemctl daemon-reload
  fi
  [ -e "$state/docker-started" ] || systemctl reset-failed docker.service 2>/dev/null || true
}

# systemd itself says when dockerd is ready (Type=notify), or that it failed.
start_docker() {
  docker_verb=start
  [ -e "$state/docker-started" ] || docker_verb=restart
  if ! systemctl "$docker_verb" docker.service; then
    journalctl --no-pager --quiet --lines=30 --output=cat --unit=docker.service || true
    fail 'dockerd did not start'
  fi
  : >"$state/docker-started"
}

# A worker's dockerd needs no certificate: it starts while that is asked for. Nor does anybody's without TLS.
engine_prepare() {
  if [ "$SWARM_NEEDS_CERTIFICATE" = 0 ]; then
    clear_the_way
    start_docker
  else
    # What dockerd starts first takes as long as the certificate.
    systemctl start --no-block containerd.service
    clear_the_way
  fi
}

engine_start() {
  [ "$SWARM_NEEDS_CERTIFICATE" = 1 ] || return 0
  mkdir -p "$docker_tls"
  cp "$state/ca.crt" "$docker_tls/ca.pem"
  cp "$state/node.crt" "$docker_tls/cert.pem"
  cp "$state/node.key" "$docker_tls/key.pem"
  chmod 0400 "$docker_tls/key.pem"
  start_docker
}

# Prints inactive, pending, active, error or locked; nothing when dockerd does not say.
swarm_state() {
  [ "$(docker_call GET /info)" = 200 ] || return 0
  sed -n 's/.*"LocalNodeState":"\([a-z]*\)".*/\1/p' "$state/docker-reply"
}

# A node that never tried need not ask.
engine_has_joined() {
  [ -e "$state/joining" ] && [ "$(swarm_state)" = active ]
}

# One attempt. The body, with its token, comes from the control plane and goes to dockerd by standard input.
engine_join() {
  : >"$state/joining"
  join_answer=$(printf '%s' "$SWARM_BODY" | docker_call POST "$SWARM_PATH" --header 'Content-Type: application/json' --data-binary @-)
  [ "$join_answer" != 200 ] || return 0
  say "dockerd answered $join_answer: $(head -c 500 "$state/docker-reply" 2>/dev/null | sed 's/SWMTKN-[0-9A-Za-z-]*/[token]/g')"
  # An attempt that takes longer than dockerd answers goes on in the background.
  waits=0
  while [ "$(swarm_state)" = pending ] && [ "$waits" -lt 30 ]; do
    pause
  done
  ! engine_has_joined || return 0
  # What is left of it would be in the way of the next. Never for a node that was a member: its data may be the last.
  [ -e "$state/joined" ] || docker_call POST '/swarm/leave?force=true' >/dev/null
  return 1
}

# After the last report, because it is slow: from now on dockerd starts with the machine.
engine_finish() {
  systemctl enable --quiet docker.service containerd.service || true
}

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
  curl --silent --show-error --max-time 120 --unix-socket "$docker_socket" --request "$docker_method" \
    --output "$state/docker-reply" --write-out '%{http_code}' "$@" "http://docker$docker_path" 2>>"$state/docker-errors" || true
}

# While dockerd starts it replaces its socket; a question to the old one is never answered, so none waits for long.
docker_answers() {
  [ -S "$docker_socket" ] && [ "$(docker_call GET /_ping --max-time 1)" = 200 ]
}

start_docker() {
  docker_answers && return 0
  systemctl start --no-block docker.service
  until docker_answers; do
    if systemctl is-failed --quiet docker.service; then
      journalctl --no-pager -n 30 -u docker.service || true
      fail 'dockerd did not start'
    fi
    check_time
    sleep 0.1
  done
}

# A worker's dockerd needs no certificate: it starts while that is asked for. Nor does anybody's without TLS.
engine_prepare() {
  if [ "$SWARM_NEEDS_CERTIFICATE" = 0 ]; then
    start_docker
  else
    # What dockerd starts first takes as long as the certificate.
    systemctl start --no-block containerd.service
  fi
}

engine_start() {
  if [ "$SWARM_NEEDS_CERTIFICATE" = 1 ]; then
    mkdir -p "$docker_tls"
    cp "$state/ca.crt" "$docker_tls/ca.pem"
    cp "$state/node.crt" "$docker_tls/cert.pem"
    cp "$state/node.key" "$docker_tls/key.pem"
    chmod 0400 "$docker_tls/key.pem"
  fi
  start_docker
}

swarm_is_active() {
  [ "$(docker_call GET /info)" = 200 ] && grep -q '"LocalNodeState":"active"' "$state/docker-reply"
}

# The body, with its token, comes from the control plane and goes to dockerd by standard input.
engine_join() {
  while ! swarm_is_active; do
    join_answer=$(printf '%s' "$SWARM_BODY" | docker_call POST "$SWARM_PATH" --header 'Content-Type: application/json' --data-binary @-)
    [ "$join_answer" = 200 ] && break
    say "dockerd answered ${join_answer:-nothing} to $SWARM_PATH: $(head -c 500 "$state/docker-reply" 2>/dev/null)"
    case $join_answer in
      # A manager that is not reachable yet, or an attempt that still goes on in the background.
      500 | 503 | 000 | '') check_time; sleep 0.5 ;;
      *) fail "dockerd refused to join the swarm ($join_answer)" ;;
    esac
  done
}

# After the last report, because it is slow: from now on dockerd starts with the machine.
engine_finish() {
  systemctl enable --quiet docker.service containerd.service || true
}

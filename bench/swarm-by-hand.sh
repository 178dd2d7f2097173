#!/usr/bin/env bash
# What a careful person would type to get the same swarm on this machine, without Baykeeper: three LXC containers cloned
# by overlayfs from the same root filesystem, a CA and certificates by openssl, dockerd with TLS on the manager, init and
# joins, and HAProxy in front. Prints one line, the seconds until `docker node ls` shows three Ready nodes through HAProxy,
# and removes everything again.
#
# usage: swarm-by-hand.sh ROOT_FILESYSTEM
set -Eeuo pipefail
image=${1:?usage: swarm-by-hand.sh ROOT_FILESYSTEM}
work=$(mktemp -d /var/tmp/baykeeper-by-hand-XXXXXX)
# Of its own, so that two runs do not meet.
bridge=bkh$$
network=10.207.$(($$ % 250))
nodes=(manager worker1 worker2)

cleanup() {
  set +e
  [ -f "$work/haproxy.pid" ] && kill "$(cat "$work/haproxy.pid")"
  for node in "${nodes[@]}"; do lxc-stop -k -P "$work/lxc" -n "$node" 2>/dev/null; done
  for node in "${nodes[@]}"; do umount "$work/$node/rootfs" 2>/dev/null; done
  iptables -D FORWARD -i "$bridge" -o "$bridge" -j ACCEPT 2>/dev/null
  ip link del "$bridge" 2>/dev/null
  rm -rf "$work"
}
trap cleanup EXIT

started=$(date +%s.%N)

ip link add "$bridge" type bridge
ip addr add "$network.1/24" dev "$bridge"
ip link set "$bridge" up
iptables -I FORWARD -i "$bridge" -o "$bridge" -j ACCEPT

# Certificates: a CA, the manager's, and one for the client.
cd "$work"
quiet() { "$@" >>"$work/log" 2>&1; }
quiet openssl req -x509 -newkey rsa:2048 -nodes -days 30 -subj /CN=by-hand -keyout ca-key.pem -out ca.pem
quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=manager -keyout server-key.pem -out server.csr
printf 'subjectAltName=IP:%s.11,IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n' "$network" >server.ext
quiet openssl x509 -req -in server.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 30 -extfile server.ext -out server.pem
quiet openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -subj /CN=client -keyout key.pem -out client.csr
printf 'extendedKeyUsage=clientAuth\n' >client.ext
quiet openssl x509 -req -in client.csr -CA ca.pem -CAkey ca-key.pem -CAcreateserial -days 30 -extfile client.ext -out cert.pem

make_node() { # name address
  local node=$1 address=$2 dir=$work/$1
  mkdir -p "$dir"/{upper,work,rootfs,docker,containerd} "$work/lxc/$node"
  mount -t overlay overlay -o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs"
  echo "$node" >"$dir/rootfs/etc/hostname"
  # LXC sets the address, so nobody has to wait for a network manager to do it.
  ln -sf /dev/null "$dir/rootfs/etc/systemd/system/systemd-networkd-wait-online.service"
  mkdir -p "$dir/rootfs/etc/docker/certs" "$dir/rootfs/etc/systemd/system/docker.service.d"
  printf '[Service]\nExecStart=\nExecStart=/usr/sbin/dockerd\n' >"$dir/rootfs/etc/systemd/system/docker.service.d/hosts.conf"
  if [ "$node" = manager ]; then
    cp ca.pem server.pem server-key.pem "$dir/rootfs/etc/docker/certs/"
    cat >"$dir/rootfs/etc/docker/daemon.json" <<'JSON'
{"hosts":["unix:///run/docker.sock","tcp://0.0.0.0:2376"],"tlsverify":true,"tlscacert":"/etc/docker/certs/ca.pem","tlscert":"/etc/docker/certs/server.pem","tlskey":"/etc/docker/certs/server-key.pem"}
JSON
  else
    echo '{"hosts":["unix:///run/docker.sock"]}' >"$dir/rootfs/etc/docker/daemon.json"
  fi
  cat >"$work/lxc/$node/config" <<LXC
lxc.uts.name = $node
lxc.rootfs.path = dir:$dir/rootfs
lxc.net.0.type = veth
lxc.net.0.link = $bridge
lxc.net.0.flags = up
lxc.net.0.name = eth0
lxc.net.0.ipv4.address = $address/24
lxc.net.0.ipv4.gateway = $network.1
lxc.mount.auto = proc:rw sys:rw cgroup:rw:force
lxc.apparmor.profile = unconfined
lxc.cap.drop =
lxc.cgroup.devices.allow = a
lxc.init.cmd = /lib/systemd/systemd
lxc.tty.max = 0
lxc.autodev = 1
lxc.mount.entry = $dir/docker var/lib/docker none bind,create=dir 0 0
lxc.mount.entry = $dir/containerd var/lib/containerd none bind,create=dir 0 0
LXC
  lxc-start -P "$work/lxc" -n "$node" -d
}

inside() { # node, then a command
  local node=$1
  shift
  lxc-attach -P "$work/lxc" -n "$node" -- "$@"
}

start_docker() { # node: as soon as its systemd takes orders
  until inside "$1" systemctl start docker >>"$work/log" 2>&1; do sleep 0.1; done
}

octet=11
for node in "${nodes[@]}"; do
  make_node "$node" "$network.$octet" &
  octet=$((octet + 1))
done
wait
for node in "${nodes[@]}"; do start_docker "$node" & done
wait
inside manager docker swarm init --advertise-addr "$network.11" >>"$work/log" 2>&1
token=$(inside manager docker swarm join-token -q worker)
for node in worker1 worker2; do inside "$node" docker swarm join --token "$token" "$network.11:2377" >>"$work/log" 2>&1 & done
wait

cat >haproxy.cfg <<CFG
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend api
  bind 127.0.0.1:23760
  default_backend managers
backend managers
  server manager $network.11:2376 check
CFG
haproxy -f haproxy.cfg -D -p haproxy.pid
until [ "$(docker --host tcp://127.0.0.1:23760 --tlsverify --tlscacert ca.pem --tlscert cert.pem --tlskey key.pem node ls --format '{{.Status}}' 2>/dev/null | grep -c '^Ready$')" = 3 ]; do sleep 0.1; done

awk -v from="$started" -v to="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", to - from }'

#!/usr/bin/env bash
# What a careful person would type to get the same Kubernetes cluster on this machine, without Baykeeper: five LXC containers
# cloned by overlayfs from the same root filesystem, the same programs and images, HAProxy in front of the masters, kubeadm
# init and joins, flannel. Prints one line, the seconds until `kubectl get nodes` shows five Ready nodes through HAProxy, and
# removes everything again.
#
# kube-proxy runs as a program of each node, as it does in Baykeeper's: its pod would be privileged, which such containers
# do not allow on hosts with cgroup v1.
#
# usage: kubernetes-by-hand.sh ROOT_FILESYSTEM ARTIFACTS FLANNEL_MANIFEST VERSION
set -Eeuo pipefail
image=${1:?usage: kubernetes-by-hand.sh ROOT_FILESYSTEM ARTIFACTS FLANNEL_MANIFEST VERSION}
artifacts=$(readlink -f "${2:?a folder with bin/ and images/}")
flannel=${3:?the manifest of the network}
version=${4:?such as v1.32.13}
work=$(mktemp -d /var/tmp/baykeeper-by-hand-XXXXXX)
# Of its own, so that two runs do not meet.
bridge=bkh$$
network=10.207.$(($$ % 250))
masters=(m0 m1 m2)
workers=(w0 w1)
nodes=("${masters[@]}" "${workers[@]}")
trap 'tail -n 40 "$work/log" >&2 2>/dev/null' ERR

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

quiet() { "$@" >>"$work/log" 2>&1; }

started=$(date +%s.%N)

ip link add "$bridge" type bridge
ip addr add "$network.1/24" dev "$bridge"
ip link set "$bridge" up
iptables -I FORWARD -i "$bridge" -o "$bridge" -j ACCEPT

# What the kubelet and containerd want of a container: no settings of the host, no devices of its own.
prepare() { # root directory
  local root=$1
  ln -sf /dev/null "$root/etc/systemd/system/systemd-networkd-wait-online.service"
  mkdir -p "$root/etc/containerd" "$root/etc/kubernetes" "$root/run/stand-in" "$root/etc/systemd/system/kubelet.service.d"
  cat >"$root/etc/containerd/config.toml" <<'TOML'
version = 2
[plugins."io.containerd.grpc.v1.cri"]
  restrict_oom_score_adj = true
  sandbox_image = "SANDBOX"
[plugins."io.containerd.grpc.v1.cri".cni]
  bin_dir = "/usr/lib/cni"
  conf_dir = "/etc/cni/net.d"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc.options]
  SystemdCgroup = true
TOML
  sed -i "s|SANDBOX|$pause|" "$root/etc/containerd/config.toml"
  cat >"$root/etc/systemd/system/kubelet.service" <<'UNIT'
[Service]
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
ExecStart=/usr/local/bin/kubelet --bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf --kubeconfig=/etc/kubernetes/kubelet.conf --config=/var/lib/kubelet/config.yaml $KUBELET_KUBEADM_ARGS
Restart=always
RestartSec=2
StartLimitInterval=0
UNIT
  cat >"$root/usr/local/sbin/stand-in" <<'SH'
#!/bin/sh
mount --make-rshared /
[ -e /dev/kmsg ] || ln -s /dev/console /dev/kmsg
mkdir -p /run/stand-in
while read -r setting value; do
  echo "$value" >"/run/stand-in/$(basename "$setting")"
  mount --bind "/run/stand-in/$(basename "$setting")" "/proc/sys/$setting"
done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
SH
  chmod +x "$root/usr/local/sbin/stand-in"
  local program
  for program in kubeadm kubelet kubectl kube-proxy; do ln -s "/artifacts/bin/$program" "$root/usr/local/bin/$program"; done
}

reference_of() { # archive
  tar -xOf "$1" manifest.json | sed 's/.*"RepoTags": *\["\([^"]*\)".*/\1/'
}

make_node() { # name address
  local node=$1 address=$2 dir=$work/$1 data
  mkdir -p "$dir"/{upper,work,rootfs,containerd,etcd,kubelet} "$work/lxc/$node"
  mount -t overlay overlay -o "lowerdir=$image,upperdir=$dir/upper,workdir=$dir/work" "$dir/rootfs"
  echo "$node" >"$dir/rootfs/etc/hostname"
  echo "127.0.0.1 localhost $node" >"$dir/rootfs/etc/hosts"
  echo "nameserver $network.1" >"$dir/rootfs/etc/resolv.conf"
  prepare "$dir/rootfs"
  {
    cat <<LXC
lxc.uts.name = $node
lxc.rootfs.path = dir:$dir/rootfs
lxc.net.0.type = veth
lxc.net.0.link = $bridge
lxc.net.0.flags = up
lxc.net.0.name = eth0
lxc.net.0.ipv4.address = $address/24
lxc.net.0.ipv4.gateway = $network.1
lxc.mount.auto = proc:mixed sys:mixed cgroup:rw:force
lxc.apparmor.profile = unconfined
lxc.cap.drop = mac_admin mac_override sys_time sys_module sys_rawio sys_boot
lxc.init.cmd = /lib/systemd/systemd
lxc.tty.max = 0
lxc.autodev = 1
lxc.mount.entry = $artifacts artifacts none bind,ro,create=dir 0 0
LXC
    for data in containerd etcd kubelet; do
      echo "lxc.mount.entry = $dir/$data var/lib/$data none bind,create=dir 0 0"
    done
  } >"$work/lxc/$node/config"
  lxc-start -P "$work/lxc" -n "$node" -d
}

inside() { # node, then a command
  local node=$1
  shift
  lxc-attach -P "$work/lxc" -n "$node" -- "$@"
}

prepare_node() { # node: as soon as its systemd takes orders
  local archive
  # Of a container that has not booted there is no bus yet; of one that has, a failure is one.
  until quiet inside "$1" test -S /run/systemd/private; do sleep 0.1; done
  quiet inside "$1" systemctl start containerd
  quiet inside "$1" stand-in
  for archive in "$artifacts"/images/*.tar; do
    case "$1 $(basename "$archive" .tar)" in
      w*\ kube-apiserver | w*\ kube-controller-manager | w*\ kube-scheduler | w*\ etcd) ;;
      *) quiet inside "$1" ctr --namespace k8s.io images import "/artifacts/images/$(basename "$archive")" ;;
    esac
  done
}

start_proxy() { # node: with the founder's own credentials
  quiet inside "$1" systemd-run --unit kube-proxy /usr/local/bin/kube-proxy --kubeconfig /etc/kubernetes/proxy.conf \
    --cluster-cidr 10.100.0.0/16 --proxy-mode iptables --conntrack-max-per-core 0 --conntrack-min 0 \
    --conntrack-tcp-timeout-established 0 --conntrack-tcp-timeout-close-wait 0 --hostname-override "$1"
}

pause=$(reference_of "$artifacts/images/pause.tar")
apiserver=$(reference_of "$artifacts/images/kube-apiserver.tar")
etcd=$(reference_of "$artifacts/images/etcd.tar")
octet=11
for node in "${nodes[@]}"; do
  make_node "$node" "$network.$octet" &
  octet=$((octet + 1))
done
cd "$work"
cat >haproxy.cfg <<CFG
defaults
  mode tcp
  timeout connect 5s
  timeout client 1h
  timeout server 1h
frontend api
  bind $network.1:6443
  default_backend masters
backend masters
  option httpchk GET /readyz
  default-server check check-ssl verify none inter 1s
  server m0 $network.11:6443
  server m1 $network.12:6443
  server m2 $network.13:6443
CFG
wait
haproxy -f haproxy.cfg -D -p haproxy.pid
for node in "${nodes[@]}"; do prepare_node "$node" & done
wait

kubeadm_file() { # node: the configuration that it runs with
  cat >"$work/$1/rootfs/root/kubeadm.yaml"
}
common="nodeRegistration:
  criSocket: unix:///run/containerd/containerd.sock
  imagePullPolicy: IfNotPresent
  kubeletExtraArgs: [{ name: node-ip, value: ADDRESS }]"
token=abcdef.0123456789abcdef
key=$(openssl rand -hex 32)
kubeadm_file m0 <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: InitConfiguration
bootstrapTokens: [{ token: $token }]
certificateKey: $key
localAPIEndpoint: { advertiseAddress: $network.11 }
${common/ADDRESS/$network.11}
---
apiVersion: kubeadm.k8s.io/v1beta4
kind: ClusterConfiguration
kubernetesVersion: $version
controlPlaneEndpoint: $network.1:6443
imageRepository: ${apiserver%/*}
networking: { podSubnet: 10.100.0.0/16, serviceSubnet: 10.254.0.0/16 }
etcd: { local: { dataDir: /var/lib/etcd, imageTag: ${etcd##*:} } }
---
apiVersion: kubelet.config.k8s.io/v1beta1
kind: KubeletConfiguration
cgroupDriver: systemd
failSwapOn: false
YAML
quiet inside m0 kubeadm init --config /root/kubeadm.yaml --ignore-preflight-errors=all --upload-certs --skip-phases=addon/kube-proxy
cp "$work/m0/rootfs/etc/kubernetes/admin.conf" admin.conf
for node in "${nodes[@]}"; do cp admin.conf "$work/$node/rootfs/etc/kubernetes/proxy.conf"; done
kubectl=("$artifacts/bin/kubectl" --kubeconfig "$work/admin.conf")
start_proxy m0
quiet "${kubectl[@]}" apply --server-side -f "$flannel"

join() { # node address further-lines
  kubeadm_file "$1" <<YAML
apiVersion: kubeadm.k8s.io/v1beta4
kind: JoinConfiguration
discovery:
  bootstrapToken: { token: $token, apiServerEndpoint: $network.1:6443, unsafeSkipCAVerification: true }
${3:-}
${common/ADDRESS/$2}
YAML
  quiet inside "$1" kubeadm join --config /root/kubeadm.yaml --ignore-preflight-errors=all
  start_proxy "$1"
}
# Workers beside the masters, which join one after the other: each is a new member of etcd.
join w0 "$network.14" &
join w1 "$network.15" &
join m1 "$network.12" "controlPlane: { certificateKey: $key, localAPIEndpoint: { advertiseAddress: $network.12 } }"
join m2 "$network.13" "controlPlane: { certificateKey: $key, localAPIEndpoint: { advertiseAddress: $network.13 } }"
wait
until [ "$("${kubectl[@]}" get nodes --no-headers 2>/dev/null | grep -c ' Ready ')" = 5 ]; do sleep 0.2; done

awk -v from="$started" -v to="$(date +%s.%N)" 'BEGIN { printf "%.2f\n", to - from }'

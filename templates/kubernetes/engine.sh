# shellcheck shell=sh disable=SC2154 # state and other names are set by agent.sh, and by what the control plane sends
# Kubernetes' part of a node's start, for masters and workers alike. Read by agent.sh, whose functions it uses.
#
# No authority's key ever comes here: the node's certificates, all for its own key, are in $state/certificates, and kubeadm
# takes them as they are. A master is built by kubeadm; a worker needs its kubelet only.

kubernetes=/etc/kubernetes
pki=$kubernetes/pki
given=/etc/baykeeper/kubernetes
admin_config=$kubernetes/admin.conf

# shellcheck source=/dev/null
. /usr/lib/baykeeper/artifacts.sh

# What the host's kernel does not let a node set is its operator's business: it is said, and the node goes on.
prepare_kernel() {
  for module in overlay br_netfilter vxlan ip_set xt_set; do
    modprobe "$module" 2>/dev/null || true
  done
  for setting in net/ipv4/ip_forward net/bridge/bridge-nf-call-iptables; do
    [ "$(cat "/proc/sys/$setting" 2>/dev/null)" != 1 ] || continue
    # In a shell of its own: where /proc/sys can't be written to, the redirection itself fails.
    (echo 1 >"/proc/sys/$setting") 2>/dev/null || say "$setting could not be switched on"
  done
  # The kubelet and pods share what is mounted there.
  mount --make-rshared / 2>/dev/null || true
}

# In a system container the kernel's log and settings are the host's, which a node may not change. The kubelet does not
# start without: it is shown an empty log, and the values that it would set, which stay without effect.
stand_in_for_kernel() {
  systemd-detect-virt --quiet --container || return 0
  [ -e /dev/kmsg ] || ln -s /dev/console /dev/kmsg
  while read -r setting value; do
    [ "$(cat "/proc/sys/$setting" 2>/dev/null)" != "$value" ] || continue
    mkdir -p /run/baykeeper/sys
    printf '%s\n' "$value" >"/run/baykeeper/sys/$(basename "$setting")"
    mount --bind "/run/baykeeper/sys/$(basename "$setting")" "/proc/sys/$setting" || say "the kubelet will not find $setting as it wants it"
  done <<END
vm/overcommit_memory 1
vm/panic_on_oom 0
kernel/panic 10
kernel/panic_on_oops 1
kernel/keys/root_maxkeys 1000000
kernel/keys/root_maxbytes 25000000
END
}

# Where Debian has its network plugins is not where a network of its own installs them: one directory for both.
share_plugins() {
  [ ! -e /opt/cni/bin ] || return 0
  mkdir -p /opt/cni /usr/lib/cni
  ln -s /usr/lib/cni /opt/cni/bin
}

engine_prepare() {
  prepare_kernel
  stand_in_for_kernel
  install_binaries
  install_manifests "$given/manifests"
  share_plugins
  # One that the image started before it had our configuration.
  [ -e "$state/containerd-started" ] || systemctl stop containerd.service 2>/dev/null || true
  if ! systemctl start containerd.service; then
    journalctl --no-pager --quiet --lines=30 --output=cat --unit=containerd.service || true
    fail 'containerd did not start'
  fi
  : >"$state/containerd-started"
  load_images
}

# place NAME PATH: a certificate where its user looks for it, and beside it the node's key.
place() {
  mkdir -p "$(dirname "$2")"
  cp "$state/certificates/$1.crt" "$2.crt"
  cp "$state/node.key" "$2.key"
  chmod 0600 "$2.key"
}

# What is in place already may be left from an attempt that failed: it is written again.
place_certificates() {
  mkdir -p "$pki/etcd"
  cp "$state/ca.crt" "$pki/ca.crt"
  place kubelet /var/lib/kubelet/pki/kubelet
  [ "$BAYKEEPER_NODE_ROLE" = master ] || return 0
  cp "$state/certificates/etcd-ca.crt" "$pki/etcd/ca.crt"
  cp "$state/certificates/front-proxy-ca.crt" "$pki/front-proxy-ca.crt"
  for name in apiserver apiserver-kubelet-client apiserver-etcd-client front-proxy-client; do
    place "$name" "$pki/$name"
  done
  for name in server peer healthcheck-client; do
    place "etcd-$name" "$pki/etcd/$name"
  done
  printf '%s' "$K8S_SERVICE_ACCOUNT_KEY" >"$pki/sa.key"
  openssl pkey -in "$pki/sa.key" -pubout -out "$pki/sa.pub"
}

# write_kubeconfig FILE SERVER CERTIFICATE USER
write_kubeconfig() {
  cat >"$1.new" <<END
apiVersion: v1
kind: Config
current-context: default
clusters:
  - name: bay
    cluster:
      server: $2
      certificate-authority-data: $(base64 -w 0 "$state/ca.crt")
contexts:
  - name: default
    context:
      cluster: bay
      user: $4
users:
  - name: $4
    user:
      client-certificate-data: $(base64 -w 0 "$3")
      client-key-data: $(base64 -w 0 "$state/node.key")
END
  chmod 0600 "$1.new"
  mv "$1.new" "$1"
}

# Its own API server for what runs on a master; K8S_SERVER, which answers already, for what makes it one.
write_kubeconfigs() {
  write_kubeconfig "$kubernetes/kubelet.conf" "$K8S_SERVER" "$state/node.crt" "system:node:$BAYKEEPER_NODE_NAME"
  write_kubeconfig "$kubernetes/kube-proxy.conf" "${K8S_OWN_SERVER:-$K8S_SERVER}" "$state/certificates/kube-proxy.crt" system:kube-proxy
  [ "$BAYKEEPER_NODE_ROLE" = master ] || return 0
  for name in admin super-admin; do
    write_kubeconfig "$kubernetes/$name.conf" "$K8S_SERVER" "$state/certificates/admin.crt" kubernetes-admin
  done
  for name in controller-manager scheduler; do
    write_kubeconfig "$kubernetes/$name.conf" "$K8S_OWN_SERVER" "$state/certificates/$name.crt" "system:kube-$name"
  done
}

# The kubelet's unit may have come after systemd had read its own (cloud-init writes files that late).
engine_start() {
  systemctl daemon-reload
}

engine_has_joined() {
  [ -e "$state/in-cluster" ] && systemctl start kubelet.service kube-proxy.service
}

# The kubelet says itself that it is well, on its loopback.
await_kubelet() {
  waits=0
  until curl --silent --fail --noproxy '*' --max-time 5 --output /dev/null http://127.0.0.1:10248/healthz; do
    if systemctl is-failed --quiet kubelet.service || [ "$waits" -gt 60 ]; then
      journalctl --no-pager --quiet --lines=30 --output=cat --unit=kubelet.service || true
      return 1
    fi
    pause
  done
}

run_kubeadm() {
  printf '%s' "$K8S_KUBEADM_CONFIG" >"$state/kubeadm.yaml"
  # Whether the machine is fit was decided when it was chosen; kubeadm's own doubts stay in the log.
  kubeadm "$K8S_ACTION" --config "$state/kubeadm.yaml" --ignore-preflight-errors=all ${K8S_SKIP_PHASES:+"--skip-phases=$K8S_SKIP_PHASES"} </dev/null
}

# Applied once, from one place: by the master that founds the cluster.
apply_manifests() {
  waits=0
  until kubectl --kubeconfig "$admin_config" apply --server-side --force-conflicts --filename "$given/manifests"; do
    [ "$waits" -lt 30 ] || return 1
    pause
  done
}

# A kubelet that ran for an attempt that failed would go on with what that left.
clear_away() {
  say 'clearing away what the attempt left'
  systemctl stop kubelet.service kube-proxy.service 2>/dev/null || true
  if [ "$BAYKEEPER_NODE_ROLE" = master ]; then
    kubeadm reset --force --cri-socket unix:///run/containerd/containerd.sock </dev/null || true
    rm -rf /var/lib/etcd/member
  fi
}

# Not before there is a node: kube-proxy asks for its own, and waits longer each time that it finds none.
start_proxy() {
  systemctl restart --no-block kube-proxy.service
}

join_as_master() {
  run_kubeadm || return 1
  start_proxy
  [ "$K8S_ACTION" != init ] || apply_manifests || return 1
  # From here on the node's own API server answers, and no other is needed.
  write_kubeconfig "$kubernetes/kubelet.conf" "$K8S_OWN_SERVER" "$state/node.crt" "system:node:$BAYKEEPER_NODE_NAME"
  rm -f "$admin_config" "$kubernetes/super-admin.conf" "$state/certificates/admin.crt" "$state/kubeadm.yaml"
}

join_as_worker() {
  mkdir -p /var/lib/kubelet
  cp "$given/kubelet.yaml" /var/lib/kubelet/config.yaml
  printf 'KUBELET_KUBEADM_ARGS="%s"\n' "$K8S_KUBELET_ARGUMENTS" >/var/lib/kubelet/kubeadm-flags.env
  systemctl restart kubelet.service
  await_kubelet || return 1
  start_proxy
}

# One attempt, with the variables of the join.
engine_join() {
  mkdir -p "$kubernetes/manifests"
  if place_certificates && write_kubeconfigs && "join_as_$BAYKEEPER_NODE_ROLE"; then
    : >"$state/in-cluster"
    return 0
  fi
  clear_away
  return 1
}

# After the last report: from now on all of it starts with the machine.
engine_finish() {
  [ "$BAYKEEPER_NODE_ROLE" != master ] || systemctl restart kubelet.service
  systemctl enable --quiet containerd.service kubelet.service kube-proxy.service || true
}

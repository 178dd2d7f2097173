# shellcheck shell=sh disable=SC2034,SC2154 # state, waits and other names are those of agent.sh
# How a node gets Kubernetes: from the artifact mirror that this machine sees, from one on the network, or from the control
# plane. Read by engine.sh; uses the functions of agent.sh. What is wanted, with its checksums, is in
# /etc/baykeeper/artifacts, which the control plane wrote: nothing is installed whose checksum is another.

artifact_list=/etc/baykeeper/artifacts
artifact_mirror=/usr/share/baykeeper/artifacts/blobs
artifact_store=$state/artifacts
program_directory=/usr/local/bin

# find_artifact NAME SHA256: leaves the path of a file with this checksum in $artifact.
find_artifact() {
  artifact=$artifact_mirror/$2
  if [ ! -f "$artifact" ]; then
    artifact=$artifact_store/$2
    [ -f "$artifact" ] || download_artifact "$1" "$2"
  fi
  artifact_sum=$(sha256sum <"$artifact") || artifact_sum=unreadable
  artifact_sum=${artifact_sum%% *}
  [ "$artifact_sum" = "$2" ] || refuse_artifact "$1" "$2" "$artifact_sum"
}

refuse_artifact() {
  rm -rf "$artifact_store"
  fail "the checksum of $1 does not match: expected $2, got $3"
}

download_artifact() {
  mkdir -p "$artifact_store"
  artifact_part=$artifact_store/$2.part
  waits=0
  while :; do
    if download_from_mirror "$2"; then
      break
    fi
    artifact_status=$(call GET "artifacts/$2" "$artifact_part" --max-time 1800)
    case $artifact_status in
      200) break ;;
      401 | 403 | 404) fail "the control plane has no artifact $1 for this node ($artifact_status)" ;;
      *) pause ;;
    esac
  done
  mv "$artifact_part" "$artifact"
}

download_from_mirror() {
  artifact_url=$(sed -n 's/^mirror \([^ ]*\) .*/\1/p' "$artifact_list")
  [ -n "$artifact_url" ] || return 1
  curl --silent --show-error --fail --location --connect-timeout 5 --max-time 1800 \
    --output "$artifact_part" "$artifact_url/blobs/$1"
}

# install_binaries: puts the programs where the PATH finds them.
install_binaries() {
  mkdir -p "$program_directory"
  while read -r artifact_kind artifact_name artifact_wanted; do
    [ "$artifact_kind" = binary ] || continue
    find_artifact "$artifact_name" "$artifact_wanted"
    case $artifact in
      # The mirror's files stay where they are: all nodes of a machine share them, on the disk and in its memory.
      "$artifact_mirror"/*) ln -sfn "$artifact" "$program_directory/$artifact_name" ;;
      *)
        mv "$artifact" "$program_directory/$artifact_name"
        chmod 0755 "$program_directory/$artifact_name"
        ;;
    esac
  done <"$artifact_list"
}

# install_manifests DIRECTORY: puts what the cluster begins with beside what the control plane wrote there.
install_manifests() {
  while read -r artifact_kind artifact_name artifact_wanted; do
    [ "$artifact_kind" = manifest ] || continue
    find_artifact "$artifact_name" "$artifact_wanted"
    mkdir -p "$1"
    cp "$artifact" "$1/$artifact_name.yaml"
  done <"$artifact_list"
}

# load_images: hands the images to containerd, which must run.
load_images() {
  while read -r artifact_kind artifact_name artifact_wanted; do
    [ "$artifact_kind" = image ] || continue
    find_artifact "$artifact_name" "$artifact_wanted"
    ctr --namespace k8s.io images import "$artifact" >/dev/null </dev/null ||
      fail "containerd did not take the image $artifact_name"
    say "loaded the image $artifact_name"
  done <"$artifact_list"
  rm -rf "$artifact_store"
  extract_proxy
}

# kube-proxy runs as a program of the node; a version that has it in its image alone lends it from there.
extract_proxy() {
  [ ! -x "$program_directory/kube-proxy" ] || return 0
  artifact_name=$(ctr --namespace k8s.io images list --quiet | grep '/kube-proxy:' | head -n 1)
  [ -n "$artifact_name" ] || fail 'the artifact mirror has no kube-proxy'
  mkdir -p "$state/image"
  ctr --namespace k8s.io images mount "$artifact_name" "$state/image" >/dev/null || fail 'the image kube-proxy could not be read'
  cp "$state/image/usr/local/bin/kube-proxy" "$program_directory/kube-proxy"
  ctr --namespace k8s.io images unmount "$state/image" >/dev/null || true
}

#!/usr/bin/env bash
# The first process of the real node, in namespaces of its own for mounts, processes, network, host name and IPC. All that
# the node does (mounts, iptables, pods) is in them, so all of it is gone when this process is.
# The environment has FOLDER, NAME, LABELS, ADDRESS, GATEWAY and the paths of KUBELET and KUBE_PROXY.
set -euo pipefail
mount --make-rprivate /
hostname "$NAME"

# The machine's own /run and /var are out of sight, and paths are short whatever the folder: a socket's may have 107 bytes.
mkdir -p "$FOLDER"/{log,var/{lib/{kubelet,containerd},log/pods,tmp}}
mount -t tmpfs tmpfs /run
mkdir /run/{node,bin}
mount --bind "$FOLDER" /run/node
for tool in "$KUBELET" "$KUBE_PROXY"; do
  touch "/run/bin/${tool##*/}"
  mount --bind "$tool" "/run/bin/${tool##*/}"
done
mount --bind /run/node/var /var
ln -sfn /run /var/run

# The kubelet sets these for the whole machine, unless they have its values: here they seem to.
setting() {
  mkdir -p "/run/sysctl/$(dirname "$1")"
  echo "$2" > "/run/sysctl/$1"
  if [ -e "/proc/sys/$1" ]; then mount --bind "/run/sysctl/$1" "/proc/sys/$1"; fi
}
setting vm/overcommit_memory 1
setting vm/panic_on_oom 0
setting kernel/panic 10
setting kernel/panic_on_oops 1
setting kernel/keys/root_maxkeys 1000000
setting kernel/keys/root_maxbytes 25000000

read -r _ # the cable is in
ip link set lo up
ip addr add "$ADDRESS/30" dev eth0
ip link set eth0 up
ip route add default via "$GATEWAY"
echo 1 > /proc/sys/net/ipv4/ip_forward

containerd --config /run/node/config/containerd.toml > /run/node/log/containerd.log 2>&1 &
for _ in $(seq 200); do
  if ctr --connect-timeout 1s version > /dev/null 2>&1; then break; fi
  sleep 0.05
done
ctr -n k8s.io images import --no-unpack /run/node/config/pause.tar > /dev/null

read -r _ # the API server is ready
/run/bin/kubelet --config=/run/node/config/kubelet.json --kubeconfig=/run/node/config/kubelet.kubeconfig --root-dir=/var/lib/kubelet \
  --hostname-override="$NAME" --node-ip="$ADDRESS" --node-labels="$LABELS" > /run/node/log/kubelet.log 2>&1 &
/run/bin/kube-proxy --config=/run/node/config/kube-proxy.json --hostname-override="$NAME" > /run/node/log/kube-proxy.log 2>&1 &

# Reaps orphans too, as the first process must. When one of the three ends, the node does.
wait -n || true
for program in containerd kubelet kube-proxy; do
  echo "$program:"
  tail -n 5 "/run/node/log/$program.log"
done
exit 1

#!/usr/bin/env bash
# Records samples/shop.tar.gz and samples/healthy.tar.gz on the cluster of $KUBECONFIG (one real node is enough).
set -euo pipefail
cd "$(dirname "$0")"
aiops() { node ../bin/aiops.js "$@"; }

kubectl apply -f manifests/shop.yaml -f manifests/healthy.yaml
# No ingress controller runs here: the address that one would write is written by hand.
kubectl patch ingress shop -n shop --subresource=status --type=merge \
  -p '{"status":{"loadBalancer":{"ingress":[{"ip":"192.0.2.10"}]}}}'
kubectl wait -n calm --for=condition=Available deployment/chatty --timeout=120s
kubectl wait -n calm --for=condition=Complete job/import --timeout=120s
# Long enough for every back-off, probe and grace period to have had its say.
sleep "${SETTLE_SECONDS:-240}"
aiops snapshot -n shop -o shop.tar.gz --force
aiops snapshot -n calm -o healthy.tar.gz --force
kubectl delete namespace shop calm --wait=false
kubectl delete ingressclass shop-nginx
kubectl delete storageclass calm-local

#!/usr/bin/env bash
# Everything that only a GPU can show, in one command: bash cuda/dev/run-on-gpu.sh [OUT]
# Needs node, nvcc (or a network for pip: --fetch) and a driver. Writes one text a step to OUT (build/cuda/gpu), with
# device and commit in head.txt. Nothing is changed on the device.
set -euo pipefail
cd "$(dirname "$0")/../.."
out=${1:-build/cuda/gpu}
mkdir -p "$out"

if ! nvidia-smi --query-gpu=name,driver_version,compute_cap --format=csv,noheader >"$out/head.txt"; then
  echo 'no CUDA device: nvidia-smi finds none' >&2
  exit 1
fi
git rev-parse HEAD >>"$out/head.txt" 2>/dev/null || true
lscpu | grep -E 'Model name|^CPU\(s\)' >>"$out/head.txt" || true
cat "$out/head.txt"
arch=$(nvidia-smi --query-gpu=compute_cap --format=csv,noheader --id=0 | tr -d .)

# step NAME COMMAND...: runs it, keeps what it says; a failure is counted and the next step runs.
failed=0
step() {
  local name=$1
  shift
  printf '\n== %s: %s\n' "$name" "$*"
  if "$@" 2>&1 | tee "$out/$name.txt"; then return; fi
  failed=$((failed + 1))
  printf '== %s FAILED\n' "$name"
}

step build node cuda/build.mjs --fetch --arch "$arch"
step build-dev node cuda/build.mjs --fetch --dev --arch "$arch"
step parity build/cuda/library-test-gpu 1
if command -v compute-sanitizer >/dev/null; then
  step memcheck compute-sanitizer --tool memcheck --error-exitcode 1 build/cuda/library-test-gpu 1 parity
  step racecheck compute-sanitizer --tool racecheck --error-exitcode 1 build/cuda/library-test-gpu 1 kernels
  step synccheck compute-sanitizer --tool synccheck --error-exitcode 1 build/cuda/library-test-gpu 1 kernels
else
  echo 'compute-sanitizer is not here: memcheck and racecheck were not run' | tee "$out/memcheck.txt"
fi
step ladder build/cuda/ladder
step stages build/cuda/stages
if [ -d node_modules ]; then step backends npm run --silent bench:gpu; fi
exit "$((failed > 0))"

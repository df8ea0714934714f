#!/usr/bin/env bash
# A study as a Slurm job array, a shard a task:
#
#   sbatch --array=1-16 examples/slurm-array.sh study.toml results
#
# Submit it again after a failure: each shard goes on where it was. When all tasks have ended:
#
#   biascope merge results.db results/part-*.db
#SBATCH --job-name=biascope
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=TERM@60
set -euo pipefail
study=$1
folder=$2
mkdir -p "$folder"
exec biascope sweep "$study" \
  --store "$folder/part-$SLURM_ARRAY_TASK_ID.db" \
  --shard "$SLURM_ARRAY_TASK_ID/$SLURM_ARRAY_TASK_COUNT" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}"

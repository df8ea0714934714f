#!/usr/bin/env bash
# A study as a Slurm job array, a shard a task:
#
#   sbatch --array=1-16 examples/slurm-array.sh study.toml results 16
#
# After a failure submit it again, all tasks or those that failed (--array=3,7): each shard goes on where it was. When all
# have ended:
#
#   biascope merge results.db results/part-*.db
#SBATCH --job-name=biascope
#SBATCH --cpus-per-task=8
#SBATCH --time=04:00:00
#SBATCH --signal=B:TERM@60
set -euo pipefail
study=$1
folder=$2
shards=$3 # the same at every submission
mkdir -p "$folder"
# exec: biascope itself gets Slurm's signal a minute before the time is up, and keeps what it has
exec biascope sweep "$study" \
  --store "$folder/part-$SLURM_ARRAY_TASK_ID.db" \
  --shard "$SLURM_ARRAY_TASK_ID/$shards" \
  --jobs "${SLURM_CPUS_PER_TASK:-1}"

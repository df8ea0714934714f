/* The files of a call: what is written may be no file that is read, and no other that is written. */
#include "cli/cli.h"

#include <string.h>

static void add(cli_files *files, const char *name, const char *path, bool written) {
  if (path && files->count < CLI_MOST_FILES) files->file[files->count++] = (cli_file){name, path, written};
}

void cli_reads(cli_files *files, const char *name, const char *path) {
  add(files, name, path && !strcmp(path, "-") ? "/dev/stdin" : path, false);
}

void cli_writes(cli_files *files, const char *name, const char *path) {
  add(files, name, path, true);
}

void cli_reads_data(cli_files *files, const cli_common *common) {
  cli_reads(files, "DATA", common->data_path);
  cli_reads(files, "--labels", common->read.labels);
}

void cli_uses_result(cli_files *files, const cli_result *result) {
  cli_reads(files, "--test", result->test);
  cli_reads(files, "--test-labels", result->test_labels);
  cli_writes(files, "--out", result->out);
}

biascope_status cli_keep_apart(const cli_files *files, biascope_error *error) {
  for (size_t i = 0; i < files->count; i++)
    for (size_t j = 0; j < files->count; j++) {
      const cli_file *written = &files->file[i], *other = &files->file[j];
      if (i == j || !written->written || !biascope_same_file(written->path, other->path)) continue;
      return cli_fail(error, BIASCOPE_USAGE,
                      "%s: %s is the file of %s too, which would be overwritten; expected another", written->name,
                      written->path, other->name);
    }
  return BIASCOPE_OK;
}

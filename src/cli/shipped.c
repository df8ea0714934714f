/* Finds the files that come with the program, relative to its own path. */
#include "cli/cli.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

const char *const cli_data_places[] = {"share/biascope/", "../share/biascope/", NULL};

void cli_find_shipped(const char *name, const char *const *places, char path[CLI_PATH_SIZE]) {
  char folder[CLI_PATH_SIZE - 64];
  const ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 1);
  folder[length > 0 ? length : 0] = '\0';
  char *slash = strrchr(folder, '/');
  if (slash) slash[1] = '\0';
  for (; *places; places++) {
    snprintf(path, CLI_PATH_SIZE, "%s%s%s", folder, *places, name);
    if (access(path, R_OK) == 0) return;
  }
}

/* A folder of the test program's own under /tmp, for cmocka_run_group_tests(tests, create_folder, remove_folder). */
#ifndef BIASCOPE_TEMPORARY_FOLDER_H
#define BIASCOPE_TEMPORARY_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char folder[] = "/tmp/biascope-test-XXXXXX";

/* Valid until the next call. */
static char *path_of(const char *name) {
  static char path[256];
  snprintf(path, sizeof path, "%s/%s", folder, name);
  return path;
}

static int create_folder(void **state) {
  (void)state;
  return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder); /* fails where a test left a file behind */
}

#endif

/* Runs a fuzz target once on every file of the folders named: what once was found stays fixed, without a fuzzer. */
#include <dirent.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static int replay(const char *path) {
  static uint8_t bytes[1 << 20];
  FILE *stream = fopen(path, "rb");
  if (!stream) {
    perror(path);
    return 1;
  }
  const size_t size = fread(bytes, 1, sizeof bytes, stream);
  fclose(stream);
  uint8_t *exact = malloc(size + 1); /* of its own, so that a sanitizer sees reads past its end */
  if (!exact) return 1;
  for (size_t i = 0; i < size; i++) exact[i] = bytes[i];
  LLVMFuzzerTestOneInput(exact, size);
  free(exact);
  return 0;
}

int main(int argc, char **argv) {
  size_t files = 0;
  for (int i = 1; i < argc; i++) {
    DIR *folder = opendir(argv[i]);
    if (!folder) {
      perror(argv[i]);
      return 1;
    }
    for (struct dirent *entry; (entry = readdir(folder));) {
      char path[4096];
      if (entry->d_name[0] == '.') continue;
      snprintf(path, sizeof path, "%s/%s", argv[i], entry->d_name);
      if (replay(path) != 0) return 1;
      files++;
    }
    closedir(folder);
  }
  printf("%zu inputs\n", files);
  return files > 0 ? 0 : 1;
}

/* A checkpoint of any bytes: refused in words, or a run that can go on. The checksum keeps most mutations out, so the
 * input is the checkpoint without it; the right one is put in here. */
#include "data/fingerprint.h"
#include "rule/option.h"
#include "train/trainer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

/* The bytes without a last line that is a checksum, and with the right one. The caller frees. */
static char *sign(const uint8_t *bytes, size_t size, size_t *signed_size) {
  enum { LAST = sizeof "checksum 0123456789abcdef0123456789abcdef" }; /* with its line feed */
  if (size > LAST && memcmp(bytes + size - LAST, "checksum ", 9) == 0) size -= LAST;
  char *text = malloc(size + LAST + 1);
  check(text != NULL);
  if (size > 0) memcpy(text, bytes, size);
  snprintf(text + size, LAST + 1, "checksum %s\n", bs_bytes_fingerprint(text, size).text);
  *signed_size = size + LAST;
  return text;
}

/* Made once and used for every input: of few features, each followed at every step, or of so many that each waits for
 * its sample. */
static biascope_trainer *trainer_of(bool wide) {
  static const double VALUES[] = {1, 2, 0, 3, -1, 4};
  static const size_t ROW_START[] = {0, 1, 2};
  static const uint32_t COLUMNS[] = {3, 40};
  static biascope_trainer *made[2];
  if (made[wide]) return made[wide];
  biascope_error error;
  biascope_dataset *data;
  biascope_options options = bs_options_of(BIASCOPE_ADAM);
  options.batch_size = wide;
  check((wide ? biascope_dataset_from_csr(2, 49, ROW_START, COLUMNS, VALUES, &data, &error)
              : biascope_dataset_from_dense(2, 3, VALUES, &data, &error)) == BIASCOPE_OK);
  check(biascope_trainer_create(data, &options, &made[wide], &error) == BIASCOPE_OK);
  return made[wide];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  size_t signed_size;
  char *text = sign(bytes, size, &signed_size);
  biascope_trainer *trainer = trainer_of(strstr(text, "touched") != NULL);
  biascope_error error = {.message = ""};
  const uint64_t before = biascope_trainer_step(trainer);
  const bs_text input = {.path = "input", .bytes = text, .size = signed_size};
  const biascope_status status = bs_checkpoint_parse(trainer, &input, &error);
  if (status != BIASCOPE_OK)
    check(error.status == status && strlen(error.message) > 0 && biascope_trainer_step(trainer) == before);
  else
    biascope_trainer_run(trainer, 3, &error);
  check(biascope_trainer_weights(trainer) != NULL);
  free(text);
  return 0;
}

/* A checkpoint of any bytes: refused in words, or a run that can go on. The checksum keeps most mutations out, so the
 * input is the checkpoint without it; the right one is put in here. */
#include "data/fingerprint.h"
#include "train/trainer.h"

#include <jansson.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check(bool holds) {
  if (!holds) abort();
}

/* The bytes with the checksum of what they hold, where they hold an object; else as they are. The caller frees. */
static char *sign(const uint8_t *bytes, size_t size, size_t *signed_size) {
  const size_t flags = JSON_REAL_PRECISION(17) | JSON_COMPACT | JSON_SORT_KEYS;
  json_t *root = json_loadb((const char *)bytes, size, JSON_REJECT_DUPLICATES, NULL);
  char *text = NULL;
  if (json_is_object(root)) {
    json_object_del(root, "checksum");
    char *plain = json_dumps(root, flags);
    if (plain) json_object_set_new(root, "checksum", json_string(bs_text_fingerprint(plain).text));
    text = json_dumps(root, flags);
    free(plain);
  }
  json_decref(root);
  if (!text) {
    text = malloc(size + 1);
    check(text != NULL);
    if (size > 0) memcpy(text, bytes, size);
    text[size] = '\0';
    *signed_size = size;
  } else {
    *signed_size = strlen(text);
  }
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
  biascope_train_options options = biascope_train_defaults(BIASCOPE_ADAM);
  options.batch_size = wide;
  check((wide ? biascope_dataset_from_csr(2, 49, ROW_START, COLUMNS, VALUES, &data, &error)
              : biascope_dataset_from_dense(2, 3, VALUES, &data, &error)) == BIASCOPE_OK);
  check(biascope_trainer_create(data, &options, &made[wide], &error) == BIASCOPE_OK);
  return made[wide];
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size) {
  size_t signed_size;
  char *text = sign(bytes, size, &signed_size);
  biascope_trainer *trainer = trainer_of(strstr(text, "\"touched\"") != NULL);
  biascope_error error = {.message = ""};
  const uint64_t before = biascope_trainer_step(trainer);
  const biascope_status status = bs_checkpoint_parse(trainer, "input", text, signed_size, &error);
  if (status != BIASCOPE_OK)
    check(error.status == status && strlen(error.message) > 0 && biascope_trainer_step(trainer) == before);
  else
    biascope_trainer_run(trainer, 3, &error);
  check(biascope_trainer_weights(trainer) != NULL);
  free(text);
  return 0;
}

#include "cli/cli.h"

#include <stdio.h>

static const struct argp_child CHILDREN[] = {{&cli_data_argp, 0, 0, 0}, {&cli_common_argp, 0, 0, 0}, {0}};

static error_t parse(int key, char *text, struct argp_state *state) {
  (void)text;
  if (key != ARGP_KEY_INIT) return ARGP_ERR_UNKNOWN;
  state->child_inputs[0] = state->child_inputs[1] = state->input;
  return 0;
}

static const struct argp ARGP = {.parser = parse,
                                 .children = CHILDREN,
                                 .args_doc = "DATA",
                                 .doc = "What a data set holds, and whether it is separable."};

int cli_info(int argc, char **argv) {
  cli_common common = {0};
  argp_parse(&ARGP, argc, argv, 0, NULL, &common);
  biascope_dataset *data;
  biascope_error error;
  const biascope_status status = biascope_dataset_read(common.data_path, &common.read, &data, &error);
  if (status != BIASCOPE_OK) return cli_report(status, &error);
  printf("samples %zu, features %zu, nonzeros %zu\n", biascope_dataset_samples(data), biascope_dataset_features(data),
         biascope_dataset_nonzeros(data));
  biascope_dataset_free(data);
  return 0;
}

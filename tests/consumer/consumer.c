/* A program outside the tree: the header and the installed library are all it sees. */
#include <biascope.h>
#include <stdio.h>
#include <string.h>

int main(void) {
  const double samples[] = {2.0, 0.0, 0.0, 1.0};
  biascope_dataset *data;
  biascope_margin margin;
  biascope_error error;
  biascope_status status = biascope_dataset_from_dense(2, 2, samples, &data, &error);
  if (status == BIASCOPE_OK) {
    const biascope_norm norm = {BIASCOPE_LINF, 0.0, NULL};
    status = biascope_margin_solve(data, norm, NULL, &margin, &error);
    biascope_dataset_free(data);
  }
  if (status != BIASCOPE_OK) {
    fprintf(stderr, "%s\n", error.message);
    return 1;
  }
  printf("biascope %s: margin %.3f\n", biascope_version(), margin.margin);
  const int wrong =
      margin.margin < 1.0 - 1e-9 || margin.margin > 1.0 + 1e-9 || strcmp(biascope_version(), BIASCOPE_VERSION) != 0;
  biascope_margin_free(&margin);
  return wrong;
}

// The header must serve C++ as it is.
#include <biascope.h>
#include <cmath>
#include <iostream>
#include <memory>
#include <vector>

int main() {
  const std::vector<double> samples{3.0, 4.0};
  biascope_dataset *raw = nullptr;
  biascope_error error{};
  if (biascope_dataset_from_dense(1, 2, samples.data(), &raw, &error) != BIASCOPE_OK) {
    std::cerr << error.message << '\n';
    return 1;
  }
  const std::unique_ptr<biascope_dataset, decltype(&biascope_dataset_free)> data(raw, &biascope_dataset_free);
  biascope_margin margin{};
  const biascope_norm norm{BIASCOPE_L2, 0.0, nullptr};
  if (biascope_margin_solve(data.get(), norm, nullptr, &margin, &error) != BIASCOPE_OK) return 1;
  std::cout << "margin " << margin.margin << '\n';
  const bool right = std::abs(margin.margin - 5.0) < 1e-9;
  biascope_margin_free(&margin);
  return right ? 0 : 1;
}

/* The functions of biascope.h for Python: arrays in, tuples out, nothing else. What a status means, and every name that
 * a user sees, is Python's part (biascope/). The interpreter's lock is given back while the library computes. */
#include "biascope.h"

#include <cmath>
#include <memory>
#include <nanobind/nanobind.h>
#include <nanobind/ndarray.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/pair.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/vector.h>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace nb = nanobind;

namespace {

using Matrix = nb::ndarray<const double, nb::ndim<2>, nb::c_contig, nb::device::cpu>;
using Vector = nb::ndarray<const double, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Starts = nb::ndarray<const uint64_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Indices = nb::ndarray<const uint32_t, nb::ndim<1>, nb::c_contig, nb::device::cpu>;
using Settings = std::vector<std::pair<std::string, std::string>>;

/* A failure on its way to Python: (status, message). */
struct Failure {
  biascope_status status;
  std::string message;
};

void check(biascope_status status, const biascope_error &error) {
  if (status != BIASCOPE_OK) throw Failure{status, error.message};
}

/* A NumPy array that owns a copy. */
nb::object array_of(const double *values, size_t rows, size_t columns) {
  const size_t count = rows * columns;
  auto *copy = new double[count ? count : 1];
  std::copy(values, values + (values ? count : 0), copy);
  const nb::capsule owner(copy, [](void *memory) noexcept { delete[] static_cast<double *>(memory); });
  return nb::cast(nb::ndarray<nb::numpy, double, nb::ndim<2>>(copy, {rows, columns}, owner));
}

nb::object array_of(const double *values, size_t count) {
  return array_of(values, 1, count).attr("reshape")(-1);
}

nb::object flags_of(const bool *values, size_t count) {
  nb::list list;
  for (size_t i = 0; i < count; i++) list.append(nb::bool_(values[i]));
  return list;
}

/* ---- What the library's objects are in Python ----------------------------------------------------- */

struct Data {
  std::unique_ptr<biascope_dataset, decltype(&biascope_dataset_free)> set{nullptr, biascope_dataset_free};

  static Data dense(const Matrix &rows) {
    biascope_dataset *set = nullptr;
    biascope_error error;
    biascope_status status;
    {
      nb::gil_scoped_release release;
      status = biascope_dataset_from_dense(rows.shape(0), rows.shape(1), rows.data(), &set, &error);
    }
    check(status, error);
    Data data;
    data.set.reset(set);
    return data;
  }

  static Data sparse(size_t features, const Starts &start, const Indices &column, const Vector &value) {
    biascope_dataset *set = nullptr;
    biascope_error error;
    biascope_status status;
    const std::vector<size_t> starts(start.data(), start.data() + start.shape(0));
    {
      nb::gil_scoped_release release;
      status = biascope_dataset_from_csr(starts.size() - 1, features, starts.data(), column.data(), value.data(), &set,
                                         &error);
    }
    check(status, error);
    Data data;
    data.set.reset(set);
    return data;
  }
};

struct Options {
  std::unique_ptr<biascope_options, decltype(&biascope_options_free)> options{nullptr, biascope_options_free};

  Options(const std::string &optimizer, const Settings &settings) {
    biascope_options *created = nullptr;
    biascope_error error;
    check(biascope_options_create(optimizer.c_str(), &created, &error), error);
    options.reset(created);
    for (const auto &[name, value] : settings)
      check(biascope_options_set(created, name.c_str(), value.c_str(), &error), error);
  }

  std::string get(const std::string &name) const {
    char value[64];
    biascope_error error;
    check(biascope_options_get(options.get(), name.c_str(), value, sizeof value, &error), error);
    return value;
  }
};

struct Trainer {
  nb::object data; /* outlives the trainer */
  std::unique_ptr<biascope_trainer, decltype(&biascope_trainer_free)> trainer{nullptr, biascope_trainer_free};

  Trainer(nb::object of, const Options &options) : data(std::move(of)) {
    biascope_trainer *created = nullptr;
    biascope_error error;
    const biascope_dataset *set = nb::cast<Data &>(data).set.get();
    check(biascope_trainer_create(set, options.options.get(), &created, &error), error);
    trainer.reset(created);
  }

  void run(uint64_t steps) {
    biascope_error error;
    biascope_status status;
    {
      nb::gil_scoped_release release;
      status = biascope_trainer_run(trainer.get(), steps, &error);
    }
    check(status, error);
  }

  nb::object weights() const {
    return array_of(biascope_trainer_weights(trainer.get()),
                    biascope_dataset_features(nb::cast<Data &>(data).set.get()));
  }
};

/* ---- Functions; each returns (status, message, fields), with fields where the library hands out any - */

biascope_norm norm_of(const std::string &name, double p, const std::optional<Vector> &metric) {
  biascope_norm norm = {};
  norm.kind = name == "l2"     ? BIASCOPE_L2
              : name == "linf" ? BIASCOPE_LINF
              : name == "l1"   ? BIASCOPE_L1
              : name == "lp"   ? BIASCOPE_LP
                               : BIASCOPE_MAHALANOBIS;
  norm.p = p;
  norm.metric = metric ? metric->data() : nullptr;
  return norm;
}

nb::tuple solve(const Data &data, const std::string &name, double p, const std::optional<Vector> &metric,
                double tolerance) {
  biascope_margin found = {};
  biascope_error error = {};
  const biascope_norm norm = norm_of(name, p, metric);
  const biascope_solve_options options = {tolerance, 0};
  biascope_status status;
  {
    nb::gil_scoped_release release;
    status = biascope_margin_solve(data.set.get(), norm, &options, &found, &error);
  }
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_SEPARABLE && status != BIASCOPE_NOT_CONVERGED)
    throw Failure{status, error.message};
  nb::dict fields;
  fields["margin"] = found.margin;
  fields["upper_bound"] = found.upper_bound;
  fields["gap"] = found.gap;
  fields["direction"] = array_of(found.direction, found.features);
  fields["dual"] = array_of(found.dual, found.samples);
  fields["unique"] = found.unique;
  fields["face_dimension"] = found.face_dimension;
  biascope_margin_free(&found);
  return nb::make_tuple(static_cast<int>(status), std::string(error.message), fields);
}

nb::dict prediction_fields(const biascope_prediction &found) {
  nb::dict fields;
  fields["direction"] = array_of(found.direction, found.features);
  fields["dual"] = array_of(found.dual, found.samples);
  fields["gap"] = found.gap;
  fields["rate"] = found.rate;
  fields["standard_error"] = found.standard_error;
  fields["unique"] = found.unique;
  fields["log_loss"] = found.log_loss;
  fields["handover_step"] = found.handover_step;
  fields["method"] = std::string(found.method ? found.method : "");
  fields["others"] = array_of(found.other_directions, found.others, found.features);
  static const char *const KINDS[] = {"direction", "rest", "runaway", "not separating", "unsettled"};
  fields["kind"] = KINDS[found.kind];
  fields["confirmed"] = found.confirmed;
  fields["confirmed_by"] = found.confirmed_by ? nb::object(nb::str(found.confirmed_by)) : nb::none();
  fields["increment_cosine"] = found.increment_cosine;
  return fields;
}

nb::tuple predict(const Data &data, const Options &training, uint64_t steps, size_t starts, double tolerance,
                  int confirm) {
  biascope_prediction found = {};
  biascope_error error = {};
  biascope_predict_options options = {};
  options.steps = steps;
  options.starts = starts;
  options.tolerance = tolerance;
  options.confirm = static_cast<biascope_confirm>(confirm);
  biascope_status status;
  {
    nb::gil_scoped_release release;
    status = biascope_predict(data.set.get(), training.options.get(), &options, &found, &error);
  }
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) throw Failure{status, error.message};
  const nb::dict fields = prediction_fields(found);
  biascope_prediction_free(&found);
  return nb::make_tuple(static_cast<int>(status), std::string(error.message), fields);
}

/* The weights at each of the steps, a row for each, and (log_loss, weight_norm, margin, accuracy) there; then what was
 * done to find the last. */
nb::dict forecast(const Data &data, const Options &training, const std::vector<uint64_t> &steps) {
  biascope_forecast *created = nullptr;
  biascope_error error = {};
  biascope_forecast_quality quality = {};
  const size_t features = biascope_dataset_features(data.set.get());
  std::vector<double> weights, measures;
  biascope_status status;
  {
    nb::gil_scoped_release release;
    status = biascope_forecast_create(data.set.get(), training.options.get(), steps.back(), &created, &error);
    for (size_t i = 0; i < steps.size() && status == BIASCOPE_OK; i++) {
      status = biascope_forecast_advance(created, steps[i], &error);
      if (status != BIASCOPE_OK) break;
      const double *w = biascope_forecast_weights(created);
      quality = biascope_forecast_quality_of(created);
      weights.insert(weights.end(), w, w + features);
      measures.insert(measures.end(), {quality.log_loss, quality.weight_norm, quality.margin, quality.accuracy});
    }
  }
  biascope_forecast_free(created);
  check(status, error);
  nb::dict fields;
  fields["weights"] = array_of(weights.data(), steps.size(), features);
  fields["measures"] = array_of(measures.data(), steps.size(), 4);
  fields["method"] = std::string(quality.method);
  fields["error_estimate"] = quality.error_estimate;
  fields["steps_taken"] = quality.steps_taken;
  return fields;
}

/* (cosine, angle) of w with the nearest of the max-margin directions; NaN where that was not found. */
nb::tuple nearest(const Data &data, const std::string &name, const Vector &w, const nb::dict &solution) {
  biascope_margin margin = {};
  const auto direction = nb::cast<Vector>(solution["direction"]), dual = nb::cast<Vector>(solution["dual"]);
  margin.direction = const_cast<double *>(direction.data());
  margin.dual = const_cast<double *>(dual.data());
  margin.margin = nb::cast<double>(solution["margin"]);
  margin.unique = nb::cast<bool>(solution["unique"]);
  margin.face_dimension = nb::cast<size_t>(solution["face_dimension"]);
  margin.features = direction.shape(0);
  margin.samples = dual.shape(0);
  for (size_t i = 0; i < margin.samples; i++) margin.support += margin.dual[i] > 0.0;
  double cosine = NAN, angle = NAN;
  biascope_error error = {};
  const biascope_norm norm = norm_of(name, 0.0, std::nullopt);
  biascope_status status;
  {
    nb::gil_scoped_release release;
    status = biascope_margin_cosine(data.set.get(), norm, &margin, w.data(), &cosine, &angle, nullptr, &error);
  }
  if (status != BIASCOPE_OK && status != BIASCOPE_NOT_CONVERGED) throw Failure{status, error.message};
  return nb::make_tuple(cosine, angle);
}

nb::dict find_parts(const Data &data, const std::string &loss) {
  biascope_parts found = {};
  biascope_error error = {};
  std::vector<double> minimiser(biascope_dataset_features(data.set.get()));
  double residual = NAN;
  biascope_status status, minimised = BIASCOPE_NOT_CONVERGED;
  {
    nb::gil_scoped_release release;
    status = biascope_parts_find(data.set.get(), &found, &error);
    if (status == BIASCOPE_OK)
      minimised = biascope_parts_minimise(data.set.get(), &found, loss.c_str(), minimiser.data(), &residual, &error);
  }
  check(status, error);
  nb::dict fields;
  fields["separable"] = flags_of(found.separable, found.samples);
  fields["direction"] = array_of(found.direction, found.features);
  fields["margin"] = found.margin;
  fields["residual"] = found.residual;
  fields["dual"] = array_of(found.dual, found.samples);
  fields["rank"] = found.rank;
  if (minimised == BIASCOPE_OK)
    fields["minimiser"] = array_of(minimiser.data(), minimiser.size());
  else
    fields["minimiser"] = nb::none();
  biascope_parts_free(&found);
  if (minimised != BIASCOPE_OK && minimised != BIASCOPE_NOT_CONVERGED) throw Failure{minimised, error.message};
  return fields;
}

nb::dict diagnose(const Data &data, const Options &training, const std::string &norm, double fraction, uint64_t steps) {
  biascope_diagnosis found = {};
  biascope_error error = {};
  const biascope_goal goal = {norm_of(norm, 0.0, std::nullopt).kind, fraction, steps};
  biascope_status status;
  {
    nb::gil_scoped_release release;
    status = biascope_diagnose(data.set.get(), training.options.get(), &goal, &found, &error);
  }
  check(status, error);
  nb::dict fields, recommended;
  fields["limit"] = found.certified ? nb::object(prediction_fields(found.limit)) : nb::none();
  fields["fraction"] = nb::make_tuple(found.fraction[0], found.fraction[1], found.fraction[2]);
  fields["momentum_stale_until"] = found.momentum_stale_until;
  fields["second_moment_stale_until"] = found.second_moment_stale_until;
  fields["misalignment"] = found.misalignment;
  fields["guaranteed"] = found.guaranteed;
  fields["expected"] = found.expected;
  for (const char *name : {"beta1", "beta2", "lr", "lr_decay", "eps"}) {
    char value[64];
    if (biascope_options_reads(found.recommended, name) &&
        biascope_options_get(found.recommended, name, value, sizeof value, nullptr) == BIASCOPE_OK)
      recommended[name] = std::stod(value);
  }
  fields["recommended"] = recommended;
  biascope_diagnosis_free(&found);
  return fields;
}

nb::list option_table() {
  nb::list table;
  for (size_t i = 0; i < biascope_option_count(); i++) {
    biascope_option option;
    biascope_option_describe(i, &option);
    table.append(nb::make_tuple(option.name, static_cast<int>(option.type), option.help, option.expected));
  }
  return table;
}

} // namespace

NB_MODULE(_biascope, module) {
  nb::set_leak_warnings(false);
  PyObject *failure = PyErr_NewException("biascope._biascope.Failure", nullptr, nullptr); /* kept for good */
  module.attr("Failure") = nb::borrow(failure);
  nb::register_exception_translator(
      [](const std::exception_ptr &thrown, void *type) {
        try {
          std::rethrow_exception(thrown);
        } catch (const Failure &f) {
          const nb::tuple arguments = nb::make_tuple(static_cast<int>(f.status), f.message);
          PyErr_SetObject(static_cast<PyObject *>(type), arguments.ptr());
        }
      },
      failure);
  nb::class_<Data>(module, "Data")
      .def_static("dense", &Data::dense)
      .def_static("sparse", &Data::sparse)
      .def_prop_ro("samples", [](const Data &d) { return biascope_dataset_samples(d.set.get()); })
      .def_prop_ro("features", [](const Data &d) { return biascope_dataset_features(d.set.get()); })
      .def("margin_of", [](const Data &d, const std::string &norm, const Vector &w) {
        return biascope_margin_of(d.set.get(), norm_of(norm, 0.0, std::nullopt), w.data());
      });
  nb::class_<Options>(module, "Options")
      .def(nb::init<const std::string &, const Settings &>())
      .def("get", &Options::get);
  nb::class_<Trainer>(module, "Trainer")
      .def(nb::init<nb::object, const Options &>())
      .def("run", &Trainer::run)
      .def_prop_ro("step", [](const Trainer &t) { return biascope_trainer_step(t.trainer.get()); })
      .def_prop_ro("weights", &Trainer::weights)
      .def_prop_ro("log_loss", [](const Trainer &t) { return biascope_trainer_log_loss(t.trainer.get()); });
  module.def("solve", &solve, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg());
  module.def("predict", &predict);
  module.def("forecast", &forecast);
  module.def("nearest", &nearest);
  module.def("find_parts", &find_parts);
  module.def("diagnose", &diagnose);
  module.def("option_table", &option_table);
  module.def("version", [] { return std::string(biascope_version()); });
}

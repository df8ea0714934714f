/* The functions of biascope.h for Python: arrays in, tuples out, nothing else. What a status means, and every name that
 * a user sees, is Python's part (biascope/). */
#include "answers.h"

namespace {

nb::list option_table() {
  nb::list table;
  for (size_t i = 0; i < biascope_option_count(); i++) {
    biascope_option option;
    biascope_option_describe(i, &option);
    table.append(nb::make_tuple(option.name, static_cast<int>(option.type), option.help, option.expected));
  }
  return table;
}

/* The steps of a run that are recorded; the last one always. */
std::vector<uint64_t> recorded_steps(uint64_t last, unsigned per_decade) {
  std::vector<uint64_t> steps;
  for (uint64_t step = 0; step < last; steps.push_back(step)) step = biascope_record_next(step, last, per_decade);
  return steps;
}

void declare_failure(nb::module_ &module) {
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
}

} // namespace

NB_MODULE(_biascope, module) {
  nb::set_leak_warnings(false);
  declare_failure(module);
  nb::class_<Data>(module, "Data")
      .def_static("dense", &Data::dense, nb::arg(), nb::arg().none(), nb::arg())
      .def_static("sparse", &Data::sparse, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg())
      .def_prop_ro("samples", &Data::samples)
      .def_prop_ro("features", &Data::features)
      .def_prop_ro("outputs", &Data::outputs)
      .def("margins", &Data::margins);
  nb::class_<Options>(module, "Options")
      .def(nb::init<const std::string &, const Settings &>())
      .def("set", &Options::set)
      .def("reads", &Options::reads)
      .def("get", &Options::get);
  nb::class_<Trainer>(module, "Trainer")
      .def(nb::init<const Data &, const Options &>())
      .def("run_to", &Trainer::run_to, nb::arg(), nb::arg().none())
      .def_prop_ro("weights", &Trainer::weights)
      .def_prop_ro("log_loss", &Trainer::log_loss);
  module.def("solve", &solve, nb::arg(), nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(),
             nb::arg().none());
  module.def("predict", &predict, nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg(), nb::arg().none());
  module.def("forecast", &forecast, nb::arg(), nb::arg(), nb::arg(), nb::arg().none());
  module.def("measure", &measure, nb::arg(), nb::arg(), nb::arg(), nb::arg().none());
  module.def("certify", &certify, nb::arg(), nb::arg().none());
  module.def("decide_pairs", &decide_pairs, nb::arg(), nb::arg().none());
  module.def("find_parts", &find_parts, nb::arg(), nb::arg(), nb::arg().none());
  module.def("diagnose", &diagnose, nb::arg(), nb::arg(), nb::arg().none(), nb::arg(), nb::arg(), nb::arg().none());
  module.def("option_table", &option_table);
  module.def("recorded_steps", &recorded_steps);
  module.def("version", [] { return std::string(biascope_version()); });
}

# Which back end of src/base/dense.h is built, and what it links:
#   openblas  the fastest, and the default
#   generic   the reference BLAS and LAPACK, in Debian's own folders, whatever update-alternatives chose
#   eigen     Eigen's headers alone: for compilers and systems that have no BLAS
set(BIASCOPE_LINEAR_ALGEBRA openblas CACHE STRING "Back end of the dense linear algebra: openblas, generic or eigen")
set_property(CACHE BIASCOPE_LINEAR_ALGEBRA PROPERTY STRINGS openblas generic eigen)

set(BIASCOPE_DENSE_SOURCE src/base/dense/blas.c)
set(BIASCOPE_PC_REQUIRES "")
set(BIASCOPE_PC_LIBRARIES "")
if(BIASCOPE_LINEAR_ALGEBRA STREQUAL openblas)
  pkg_check_modules(OPENBLAS REQUIRED IMPORTED_TARGET openblas)
  set_source_files_properties(${BIASCOPE_DENSE_SOURCE} PROPERTIES COMPILE_DEFINITIONS BIASCOPE_OPENBLAS)
  set(BIASCOPE_DENSE_LIBRARIES PkgConfig::OPENBLAS)
  set(BIASCOPE_PC_REQUIRES openblas)
elseif(BIASCOPE_LINEAR_ALGEBRA STREQUAL generic)
  foreach(name lapack blas)
    find_library(BIASCOPE_GENERIC_${name} ${name} PATHS /usr/lib/${CMAKE_LIBRARY_ARCHITECTURE}/${name} NO_DEFAULT_PATH REQUIRED)
    get_filename_component(folder ${BIASCOPE_GENERIC_${name}} DIRECTORY)
    list(APPEND BIASCOPE_DENSE_LIBRARIES -L${folder} -l${name} -Wl,-rpath,${folder})
  endforeach()
  string(REPLACE ";" " " BIASCOPE_PC_LIBRARIES "${BIASCOPE_DENSE_LIBRARIES}")
elseif(BIASCOPE_LINEAR_ALGEBRA STREQUAL eigen)
  find_package(Eigen3 3.4 REQUIRED NO_MODULE)
  get_target_property(BIASCOPE_EIGEN_INCLUDE Eigen3::Eigen INTERFACE_INCLUDE_DIRECTORIES)
  set(BIASCOPE_DENSE_SOURCE src/base/dense/eigen.cpp)
  # warnings are Eigen's own affair; its products are worth optimising in every build
  set_source_files_properties(${BIASCOPE_DENSE_SOURCE} PROPERTIES COMPILE_OPTIONS "-isystem;${BIASCOPE_EIGEN_INCLUDE}")
  set(BIASCOPE_DENSE_LIBRARIES stdc++)
  set(BIASCOPE_PC_LIBRARIES -lstdc++)
else()
  message(FATAL_ERROR "BIASCOPE_LINEAR_ALGEBRA is '${BIASCOPE_LINEAR_ALGEBRA}'; expected openblas, generic or eigen")
endif()

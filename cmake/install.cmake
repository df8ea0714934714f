# What `cmake --install` puts where: the program, both libraries, the header, and how others find them.
include(CMakePackageConfigHelpers)

install(TARGETS biascope RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS biascope_bench RUNTIME DESTINATION libexec/biascope) # where src/cli/bench.c looks
install(TARGETS biascope_static biascope_shared biascope_study_static biascope_study_shared EXPORT biascope-targets
        LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}
        ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(FILES include/biascope.h include/biascope_study.h DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})

# CMake: find_package(biascope) gives biascope::biascope and biascope::biascope_study (shared), and biascope::biascope_static.
set(BIASCOPE_PACKAGE_DIR ${CMAKE_INSTALL_LIBDIR}/cmake/biascope)
install(EXPORT biascope-targets NAMESPACE biascope:: DESTINATION ${BIASCOPE_PACKAGE_DIR})
configure_package_config_file(cmake/biascope-config.cmake.in ${PROJECT_BINARY_DIR}/biascope-config.cmake
                              INSTALL_DESTINATION ${BIASCOPE_PACKAGE_DIR})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/biascope-config-version.cmake COMPATIBILITY SameMinorVersion)
install(FILES ${PROJECT_BINARY_DIR}/biascope-config.cmake ${PROJECT_BINARY_DIR}/biascope-config-version.cmake
        DESTINATION ${BIASCOPE_PACKAGE_DIR})

# Relative to the file, so that a copy installed anywhere is found.
file(RELATIVE_PATH BIASCOPE_PREFIX_FROM_PC /${CMAKE_INSTALL_LIBDIR}/pkgconfig /)
foreach(name biascope biascope_study)
  configure_file(cmake/${name}.pc.in ${PROJECT_BINARY_DIR}/${name}.pc @ONLY)
endforeach()
install(FILES ${PROJECT_BINARY_DIR}/biascope.pc ${PROJECT_BINARY_DIR}/biascope_study.pc DESTINATION ${CMAKE_INSTALL_LIBDIR}/pkgconfig)

# The data of the figures, and the explorer; the build tree has them beside the program, as an installed copy has beside its directory.
foreach(data tests/data/gaussian-10x50.csv tests/data/real/iris.csv tests/data/tables/digits.csv.gz docs/explorer.html)
  install(FILES ${data} DESTINATION ${CMAKE_INSTALL_DATADIR}/biascope)
  get_filename_component(name ${data} NAME)
  configure_file(${data} ${PROJECT_BINARY_DIR}/share/biascope/${name} COPYONLY)
endforeach()

# Man pages and completion, both from the program's own --help.
find_program(HELP2MAN help2man REQUIRED)
add_custom_command(OUTPUT ${PROJECT_BINARY_DIR}/man/biascope.1
                   COMMAND ${PROJECT_SOURCE_DIR}/cmake/manual.sh ${BIASCOPE_PROGRAM} ${PROJECT_BINARY_DIR}/man
                   DEPENDS biascope cmake/manual.sh VERBATIM)
add_custom_target(manual ALL DEPENDS ${PROJECT_BINARY_DIR}/man/biascope.1)
install(DIRECTORY ${PROJECT_BINARY_DIR}/man/ DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES cmake/completion.bash DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME biascope)

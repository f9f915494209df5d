# moat_embed(name FOLDER folder STAMP file TARGET target)
#   library moat_<name> with the files of `folder`, as std::span<const EmbeddedFile>
#   moat::http::<name>() of src/http/static_files.h. `target` fills the folder and touches the stamp.
find_package(Python3 REQUIRED COMPONENTS Interpreter)

function(moat_embed name)
  cmake_parse_arguments(ARG "" "FOLDER;STAMP;TARGET" "" ${ARGN})
  set(prefix ${CMAKE_CURRENT_BINARY_DIR}/${name})
  add_custom_command(
    OUTPUT ${prefix}.cc ${prefix}.bin
    COMMAND ${Python3_EXECUTABLE} ${CMAKE_SOURCE_DIR}/scripts/embed.py ${ARG_FOLDER} ${prefix} ${name}
    DEPENDS ${ARG_STAMP} ${ARG_TARGET} ${CMAKE_SOURCE_DIR}/scripts/embed.py
    COMMENT "Embedding ${name}"
    VERBATIM)
  set_source_files_properties(${prefix}.cc PROPERTIES OBJECT_DEPENDS ${prefix}.bin)
  add_library(moat_${name} STATIC ${prefix}.cc)
  target_include_directories(moat_${name} PUBLIC ${CMAKE_SOURCE_DIR}/src)
endfunction()

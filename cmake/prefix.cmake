# moat_prefix(OUT script marker [ENV=value...]): the directory which scripts/<script>.sh fills, as that
# script names it. Stops with the command to run when <marker> is not in it: configuring never downloads.
function(moat_prefix out script marker)
  execute_process(
    COMMAND ${CMAKE_COMMAND} -E env ${ARGN} ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../scripts/${script}.sh prefix
    OUTPUT_VARIABLE prefix OUTPUT_STRIP_TRAILING_WHITESPACE RESULT_VARIABLE failed)
  if(failed)
    message(FATAL_ERROR "scripts/${script}.sh prefix failed")
  endif()
  if(NOT EXISTS ${prefix}/${marker})
    list(JOIN ARGN " " settings)
    message(FATAL_ERROR "${script} is not in the cache; run: ${settings} scripts/${script}.sh")
  endif()
  set_property(DIRECTORY ${CMAKE_SOURCE_DIR} APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS
    ${CMAKE_CURRENT_FUNCTION_LIST_DIR}/../scripts/${script}.sh)  # a new pin is a new prefix
  set(${out} ${prefix} PARENT_SCOPE)
endfunction()

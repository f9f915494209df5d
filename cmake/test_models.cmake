# include(test_models)
#   MOAT_TEST_MODELS_DIR       where tiny-chat.gguf, tiny-embed.gguf and (with the shared data)
#                              stories260k.gguf are while tests run
#   moat_needs_models(TEST..)  has ctest write them, once, before these tests, and gives the tests the
#                              directory in the environment variable MOAT_TEST_MODELS
set(MOAT_TEST_MODELS_DIR ${CMAKE_BINARY_DIR}/test-models)

function(moat_needs_models)
  get_property(made GLOBAL PROPERTY MOAT_TEST_MODELS)
  if(NOT made)
    add_test(NAME test_models
      COMMAND ${CMAKE_SOURCE_DIR}/scripts/test_models.sh ${CMAKE_BINARY_DIR}/test-models)
    set_tests_properties(test_models PROPERTIES FIXTURES_SETUP test_models LABELS fast TIMEOUT 600)
    set_property(GLOBAL PROPERTY MOAT_TEST_MODELS TRUE)
  endif()
  set_property(TEST ${ARGN} APPEND PROPERTY FIXTURES_REQUIRED test_models)
  set_property(TEST ${ARGN} APPEND PROPERTY ENVIRONMENT MOAT_TEST_MODELS=${MOAT_TEST_MODELS_DIR})
endfunction()

# include(llama): the only third party that runs models. Linked by src/adapters/llama and nothing else.
#   llama::llama    libllama and ggml: <llama.h> <ggml.h> <gguf.h>
#   llama::mtmd     images and sound for llama::llama: <mtmd.h> <mtmd-helper.h>
#   llama::common   chat templates, tool-call parsing, sampling, grammars: <chat.h> <sampling.h> ...
#   MOAT_LLAMA_DIR  where it was found: bin/ has the tools, share/vocab the test vocabularies
#
# From, in this order: -DMOAT_SYSTEM_LLAMA=ON (an installed llama.cpp with its CMake package; it must
# carry llama-common and its headers too), -DMOAT_LLAMA_PREFIX=DIR, or what scripts/llama.sh built,
# where -DMOAT_CUDA=ON and -DMOAT_PORTABLE=ON choose among its builds.
if(TARGET llama::llama)
  return()
endif()
include(prefix)
find_package(Threads REQUIRED)

function(moat_llama_archive name file)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION ${MOAT_LLAMA_DIR}/lib/${file}
    INTERFACE_INCLUDE_DIRECTORIES ${MOAT_LLAMA_DIR}/include)
  target_link_libraries(${name} INTERFACE ${ARGN})
endfunction()

function(moat_llama_pinned)
  set(backends)
  if(EXISTS ${MOAT_LLAMA_DIR}/lib/libggml-cuda.a)
    find_package(CUDAToolkit REQUIRED)
    moat_llama_archive(llama::ggml-cuda libggml-cuda.a llama::ggml-base
      CUDA::cudart_static CUDA::cublas CUDA::cublasLt CUDA::cuda_driver)
    set(backends llama::ggml-cuda)
  elseif(MOAT_CUDA)
    message(FATAL_ERROR "${MOAT_LLAMA_DIR} was built without CUDA")
  endif()
  moat_llama_archive(llama::ggml-base libggml-base.a Threads::Threads ${CMAKE_DL_LIBS} m)
  moat_llama_archive(llama::ggml-cpu libggml-cpu.a llama::ggml-base)
  # The registry in libggml.a names every backend, so the backends come after it.
  moat_llama_archive(llama::ggml libggml.a llama::ggml-cpu ${backends} llama::ggml-base)
  moat_llama_archive(llama::llama libllama.a llama::ggml)
  moat_llama_archive(llama::hash libvendor-hash.a)
  moat_llama_archive(llama::mtmd libmtmd.a llama::llama llama::hash)
  moat_llama_archive(llama::httplib libcpp-httplib.a Threads::Threads)
  moat_llama_archive(llama::common-base libllama-common-base.a)
  moat_llama_archive(llama::common libllama-common.a
    llama::common-base llama::llama llama::httplib)
  target_include_directories(llama::common INTERFACE ${MOAT_LLAMA_DIR}/include/llama-common)
endfunction()

function(moat_llama_system)
  set(CMAKE_FIND_PACKAGE_TARGETS_GLOBAL ON)
  find_package(llama REQUIRED)
  add_library(llama::llama ALIAS llama)
  foreach(part common mtmd)
    find_library(MOAT_SYSTEM_LLAMA_${part} NAMES llama-${part} ${part} REQUIRED)
    add_library(llama::${part} UNKNOWN IMPORTED GLOBAL)
    set_target_properties(llama::${part} PROPERTIES IMPORTED_LOCATION ${MOAT_SYSTEM_LLAMA_${part}})
    target_link_libraries(llama::${part} INTERFACE llama)
  endforeach()
  find_path(MOAT_SYSTEM_LLAMA_COMMON_INCLUDE NAMES chat.h PATH_SUFFIXES llama-common llama/common REQUIRED)
  target_include_directories(llama::common INTERFACE ${MOAT_SYSTEM_LLAMA_COMMON_INCLUDE})
endfunction()

if(MOAT_SYSTEM_LLAMA)
  moat_llama_system()
  return()
endif()
if(MOAT_LLAMA_PREFIX)
  set(MOAT_LLAMA_DIR ${MOAT_LLAMA_PREFIX} CACHE INTERNAL "The llama.cpp in use")
else()
  # Asked on every configure: a new pin, compiler or option must find its own build.
  set(settings)
  if(MOAT_CUDA)
    list(APPEND settings MOAT_CUDA=1)
  endif()
  if(MOAT_PORTABLE)
    list(APPEND settings MOAT_PORTABLE=1)
  endif()
  moat_prefix(llama_prefix llama lib/libllama.a ${settings})
  set(MOAT_LLAMA_DIR ${llama_prefix} CACHE INTERNAL "The llama.cpp in use")
endif()
moat_llama_pinned()

# include(hnswlib)
#   hnswlib::hnswlib   the headers <hnswlib/...>, for tests and benchmarks only
if(TARGET hnswlib::hnswlib)
  return()
endif()
include(prefix)
moat_prefix(hnswlib_prefix hnswlib include/hnswlib/hnswlib.h)
add_library(hnswlib::hnswlib INTERFACE IMPORTED GLOBAL)
target_include_directories(hnswlib::hnswlib INTERFACE ${hnswlib_prefix}/include)

# include(jieba)
#   jieba::jieba          the headers <cppjieba/...> and <limonp/...>
#   MOAT_JIEBA_DICT_DIR   its dictionaries (jieba.dict.utf8, hmm_model.utf8, user.dict.utf8, idf.utf8, ...)
if(TARGET jieba::jieba)
  return()
endif()
include(prefix)
moat_prefix(jieba_prefix jieba dict/jieba.dict.utf8)
add_library(jieba::jieba INTERFACE IMPORTED GLOBAL)
# An imported target's headers are system headers: their warnings are not ours.
target_include_directories(jieba::jieba INTERFACE ${jieba_prefix}/include)
set(MOAT_JIEBA_DICT_DIR ${jieba_prefix}/dict CACHE INTERNAL "Dictionaries of cppjieba")

#!/usr/bin/env python3
"""The include check itself, on small trees that keep or break each rule."""

import pathlib
import tempfile
import unittest

import check_includes


class CheckIncludes(unittest.TestCase):
    def breaches(self, files):
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder)
            for name, text in files.items():
                (src / name).parent.mkdir(parents=True, exist_ok=True)
                guard = "#pragma once\n" if name.endswith(".h") else ""
                (src / name).write_text(guard + text)
            return list(check_includes.check_tree(src))

    def test_downward_arrows_and_the_standard_library_pass(self):
        files = {
            "base/result.h": "#include <string>\n",
            "models/name.h": '#include "base/result.h"\n',
            "inference/engine.cc": '#include <sys/mman.h>\n#include "models/name.h"\n',
        }
        self.assertEqual(self.breaches(files), [])

    def test_an_upward_arrow_is_a_breach(self):
        files = {"answers/a.h": "", "knowledge/k.cc": '#include "answers/a.h"\n'}
        self.assertEqual(
            self.breaches(files),
            ["src/knowledge/k.cc: knowledge may not see answers (arrows point down only)"],
        )

    def test_api_and_adapters_never_see_each_other(self):
        files = {
            "api/ollama/r.h": "",
            "adapters/rocksdb/s.h": "",
            "adapters/sqlite/s.cc": '#include "api/ollama/r.h"\n#include "adapters/rocksdb/s.h"\n',
            "api/ollama/r.cc": '#include "adapters/rocksdb/s.h"\n',
        }
        self.assertEqual(len(self.breaches(files)), 3)

    def test_protocols_share_what_stands_in_api_itself_only(self):
        files = {
            "api/errors.h": "",
            "api/ollama/r.h": "",
            "api/openai/r.cc": '#include "api/errors.h"\n#include "api/ollama/r.h"\n',
        }
        self.assertEqual(self.breaches(files), ["src/api/openai/r.cc: api/openai may not see api/ollama"])

    def test_a_third_party_outside_its_place_is_a_breach(self):
        files = {
            "http/server.cc": "#include <boost/beast/core.hpp>\n",
            "answers/a.cc": "#include <boost/beast/core.hpp>\n",
            "adapters/rocksdb/s.cc": "#include <rocksdb/db.h>\n",
            "collections/c.cc": "#include <rocksdb/db.h>\n",
        }
        self.assertEqual(
            self.breaches(files),
            [
                "src/answers/a.cc: <boost/beast/core.hpp> may be named only in http",
                "src/collections/c.cc: <rocksdb/db.h> may be named only in adapters/rocksdb",
            ],
        )

    def test_an_unknown_third_party_or_folder_is_a_breach(self):
        files = {"base/a.cc": "#include <folly/String.h>\n", "utils/a.cc": ""}
        self.assertEqual(len(self.breaches(files)), 2)

    def test_test_libraries_are_for_tests(self):
        files = {
            "base/a.cc": "#include <gtest/gtest.h>\n",
            "base/a_test.cc": "#include <gtest/gtest.h>\n",
        }
        self.assertEqual(self.breaches(files), ["src/base/a.cc: <gtest/gtest.h> is for tests only"])

    def test_a_header_that_does_not_exist_or_is_relative_is_a_breach(self):
        files = {"base/a.cc": '#include "a.h"\n#include "base/b.h"\n', "base/a.h": ""}
        self.assertEqual(len(self.breaches(files)), 2)

    def test_a_header_without_pragma_once_is_a_breach(self):
        with tempfile.TemporaryDirectory() as folder:
            src = pathlib.Path(folder)
            (src / "base").mkdir()
            (src / "base/a.h").write_text("int a();\n")
            self.assertEqual(
                list(check_includes.check_tree(src)), ["src/base/a.h: a header needs #pragma once"]
            )


if __name__ == "__main__":
    unittest.main()

#pragma once

#include "base/json.h"
#include "cli/console.h"
#include "cli/spinner.h"

namespace moat::cli {

// What a terminal shows until an answer begins: a turning mark, or how far the model is loaded
// where the server tells that. Nothing when standard error is no terminal.
//
// Threads: one. Nothing else may be printed until stop() has returned; the destructor stops it too.
class LoadMark {
  public:
    explicit LoadMark(const Console& console)
        : console_(console), spinner_(console), progress_(console) {}

    // Whether this line of a stream was one of a load, which is then shown.
    bool show(const json::Value& line);
    // Takes it away. Fine when it has stopped.
    void stop();

  private:
    const Console& console_;
    Spinner spinner_;
    ProgressLine progress_;
};

}  // namespace moat::cli

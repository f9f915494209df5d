#include "cli/line_editor.h"

#include <clocale>
#include <cstdio>

#include <histedit.h>

#include "base/check.h"

namespace moat::cli {

struct LineEditor::State {
    EditLine* editor = nullptr;
    History* history = nullptr;
    HistEvent event{};
    std::string prompt;
};

namespace {

// libedit asks for the prompt through a C function that gets only its own handle.
char* prompt_of(EditLine* editor) {
    void* data = nullptr;
    el_get(editor, EL_CLIENTDATA, &data);
    return static_cast<std::string*>(data)->data();
}

}  // namespace

LineEditor::LineEditor() : state_(std::make_unique<State>()) {
    std::setlocale(LC_CTYPE, "C.UTF-8");  // NOLINT(concurrency-mt-unsafe): one thread here
    state_->editor = el_init("moat", stdin, stdout, stderr);
    state_->history = history_init();
    CHECK(state_->editor != nullptr && state_->history != nullptr, "libedit does not start");
    history(state_->history, &state_->event, H_SETSIZE, 500);
    el_set(state_->editor, EL_CLIENTDATA, &state_->prompt);
    el_set(state_->editor, EL_PROMPT, prompt_of);
    el_set(state_->editor, EL_HIST, history, state_->history);
    el_set(state_->editor, EL_EDITOR, "emacs");
    el_set(state_->editor, EL_SIGNAL, 1);
}

LineEditor::~LineEditor() {
    history_end(state_->history);
    el_end(state_->editor);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
    state_->prompt = prompt;
    int count = 0;
    const char* text = el_gets(state_->editor, &count);
    if (text == nullptr || count <= 0) return std::nullopt;
    std::string line(text, static_cast<std::size_t>(count));
    while (line.ends_with('\n') || line.ends_with('\r'))
        line.pop_back();
    if (!line.empty()) history(state_->history, &state_->event, H_ENTER, line.c_str());
    return line;
}

}  // namespace moat::cli

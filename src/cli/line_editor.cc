#include "cli/line_editor.h"

#include <array>
#include <cerrno>
#include <clocale>
#include <cstdio>
#include <cwchar>
#include <poll.h>
#include <unistd.h>

#include <histedit.h>

#include "base/check.h"

namespace moat::cli {

struct LineEditor::State {
    EditLine* editor = nullptr;
    History* history = nullptr;
    HistEvent event{};
    std::string prompt;
    int interrupt = -1;  // readable after Ctrl-C
};

// What libedit calls, all C functions that get only its own handle.
struct LineEditor::Calls {
    static State& state_of(EditLine* editor) {
        void* data = nullptr;
        el_get(editor, EL_CLIENTDATA, &data);
        return *static_cast<State*>(data);
    }

    static char* prompt(EditLine* editor) { return state_of(editor).prompt.data(); }

    // One character: 1, or 0 at the end, or -1 after Ctrl-C. libedit's own reader would not see a
    // Ctrl-C that comes between the prompt and its read().
    static int character(EditLine* editor, wchar_t* character) {
        std::mbstate_t partial{};
        while (true) {
            std::array<pollfd, 2> wait{
                pollfd{STDIN_FILENO, POLLIN, 0}, pollfd{state_of(editor).interrupt, POLLIN, 0}
            };
            if (::poll(wait.data(), wait.size(), -1) < 0 && errno != EINTR) return -1;
            if (wait[1].revents != 0) return -1;
            if (wait[0].revents == 0) continue;
            char byte = 0;
            const auto count = ::read(STDIN_FILENO, &byte, 1);
            if (count < 0 && errno == EINTR) continue;
            if (count <= 0) return static_cast<int>(count);
            // NOLINTNEXTLINE(concurrency-mt-unsafe): the state is ours
            const auto read = std::mbrtowc(character, &byte, 1, &partial);
            if (read == static_cast<std::size_t>(-2)) continue;
            if (read != static_cast<std::size_t>(-1)) return 1;
            partial = {};  // not UTF-8: passed over
        }
    }
};

LineEditor::LineEditor(const InterruptGuard& interrupt) : state_(std::make_unique<State>()) {
    state_->interrupt = interrupt.descriptor();
    std::setlocale(LC_CTYPE, "C.UTF-8");  // NOLINT(concurrency-mt-unsafe): one thread here
    state_->editor = el_init("moat", stdin, stdout, stderr);
    state_->history = history_init();
    CHECK(state_->editor != nullptr && state_->history != nullptr, "libedit does not start");
    history(state_->history, &state_->event, H_SETSIZE, 500);
    el_set(state_->editor, EL_CLIENTDATA, state_.get());
    el_set(state_->editor, EL_PROMPT, Calls::prompt);
    el_set(state_->editor, EL_HIST, history, state_->history);
    el_set(state_->editor, EL_EDITOR, "emacs");
    el_set(state_->editor, EL_SIGNAL, 1);
    el_set(state_->editor, EL_GETCFN, Calls::character);
}

LineEditor::~LineEditor() {
    history_end(state_->history);
    el_end(state_->editor);
}

std::optional<std::string> LineEditor::read(const std::string& prompt) {
    state_->prompt = prompt;
    // Before the prompt shows: a Ctrl-D which the terminal takes in its line mode would be lost.
    el_set(state_->editor, EL_PREP_TERM, 1);
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

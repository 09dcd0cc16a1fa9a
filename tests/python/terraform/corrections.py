"""How moto is corrected to what AWS answers."""


def correct(owner, name):
    """Replaces `owner.name` by the decorated function, which gets the original first."""

    def decorate(function):
        original = getattr(owner, name)
        setattr(owner, name, lambda *args, **kwargs: function(original, *args, **kwargs))

    return decorate
